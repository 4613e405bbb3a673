/*
 * Reads an event stream (WHATWG HTML, section 9.2 "Server-sent events") from bytes as they come, cut anywhere.
 */
#pragma once
#include "base/str.h"

struct sse {
	struct buf line, data;
	char id[64], event[64]; /* id stays until another one comes */
	bool cr;		/* the last byte was a CR: a LF now belongs to it */
	void (*fn)(void *arg, const char *id, const char *event, struct str data);
	void *arg;
};

void sse_init(struct sse *s, size_t max, void (*fn)(void *arg, const char *id, const char *event, struct str data),
	      void *arg);
void sse_free(struct sse *s);
void sse_reset(struct sse *s); /* a new connection: what was half read is dropped, the id is kept */
/* false: an event was larger than max. */
bool sse_feed(struct sse *s, struct str bytes);
