/*
 * Host names to addresses without stopping the loop: getaddrinfo(3) runs on a thread of its own, whose answer is posted
 * back. Numeric addresses are answered before resolve_begin returns.
 */
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/loop.h"

enum { RESOLVE_MAX = 8 };

struct resolved {
	int n;
	struct {
		struct sockaddr_storage addr;
		socklen_t len;
	} v[RESOLVE_MAX];
};

struct resolve;
/* On the loop. error NULL: r has at least one address. r and error live for the call. */
typedef void resolve_fn(void *arg, const struct resolved *r, const char *error);

/* Leads to exactly one call of fn, unless cancelled. *out is NULL if it has been answered already; it must not be used
 * after fn. */
void resolve_begin(struct loop *loop, const char *host, uint16_t port, resolve_fn *fn, void *arg, struct resolve **out);
void resolve_cancel(struct resolve **r); /* accepts pointer to NULL; the loop may be freed afterwards */
