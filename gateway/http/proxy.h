/*
 * Whom to believe about where a request came from. Forwarded headers are read only when the peer is one of the configured
 * proxies, and from the right: the first address that is not a trusted proxy is the client's.
 */
#pragma once
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

enum { PROXIES_MAX = 32 };

struct proxies {
	struct {
		uint8_t net[16]; /* IPv4 as ::ffff:a.b.c.d */
		int bits;
	} v[PROXIES_MAX];
	int n;
};

int proxies_parse(const char *list, struct proxies *out, struct err *err);
/* peer: the socket's address. out: at least 64 bytes of text. *secure is only ever set to true. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, struct str forwarded_for,
		    struct str forwarded_proto, char out[64], bool *secure);
