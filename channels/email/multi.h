/*
 * libcurl's multi interface on a loop: its sockets are watched, its timer is the loop's. A socket stays watched between two
 * transfers over it, which saves two system calls for each.
 *
 * A transfer is embedded in its owner; `ended` is called once for each start, from the loop.
 */
#pragma once
#include <curl/curl.h>
#include <stddef.h>

#include "base/loop.h"

struct multi;

struct transfer {
	CURL *easy;
	struct multi *m;
	void (*ended)(struct transfer *t, CURLcode code);
	int fd;		      /* socket it is on, -1 none */
	bool running, opened; /* opened: it made a connection of its own */
};

struct multi *multi_new(struct loop *loop, size_t connections); /* kept at most so many; NULL: no memory */
void multi_free(struct multi **m);				/* after all transfers */

int transfer_init(struct transfer *t, struct multi *m, void (*ended)(struct transfer *t, CURLcode code));
void transfer_free(struct transfer *t);
int transfer_start(struct transfer *t); /* -1: no memory */
/* Ends it now: ended is called with CURLE_ABORTED_BY_CALLBACK. */
void transfer_abort(struct transfer *t);
/* What the peer says from now on is not heard: for a connection that is about to be closed. */
void transfer_hush(struct transfer *t);
