/*
 * libcurl's multi interface on a loop: its sockets are watched, its timer is the loop's. Here it makes connections: names,
 * TCP, TLS with the checks of certificates, greeting and AUTH (CURLOPT_CONNECT_ONLY). What is said over them afterwards is
 * ours, by transfer_send and transfer_receive: libcurl's own SMTP waits for the answer to each mail in the middle of
 * everything, which no loop can afford.
 *
 * A transfer is embedded in its owner; `ended` is called once for each start, from the loop, unless it is stopped before.
 */
#pragma once
#include <curl/curl.h>
#include <stddef.h>

#include "base/loop.h"

struct multi;

struct transfer {
	CURL *easy;
	struct multi *m;
	void (*ended)(struct transfer *t, CURLcode code); /* CURLE_OK: connected */
	bool added;
};

struct multi *multi_new(struct loop *loop, size_t connections); /* at most so many; NULL: no memory */
void multi_free(struct multi **m);				/* after all transfers */

int transfer_init(struct transfer *t, struct multi *m, void (*ended)(struct transfer *t, CURLcode code));
void transfer_free(struct transfer *t);
int transfer_start(struct transfer *t); /* -1: no memory */
void transfer_stop(struct transfer *t); /* closes the connection; it can be started again */
int transfer_fd(const struct transfer *t);

enum transfer_result { TRANSFER_OK, TRANSFER_AGAIN, TRANSFER_CLOSED };
/* Never block. OK: *done > 0. */
enum transfer_result transfer_send(struct transfer *t, const void *p, size_t n, size_t *done);
enum transfer_result transfer_receive(struct transfer *t, void *p, size_t n, size_t *done);
