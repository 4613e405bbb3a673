/*
 * The front door: accepts connections and looks at their first bytes before anyone reads them, because followers of an
 * event stream and everybody else are served by different daemons. A follower stays for hours and needs next to no memory;
 * and libmicrohttpd walks over all its suspended connections at each resume, which ten thousand idle followers must not
 * make dear for those who send messages. (Plain TCP only: nobody can look into TLS, so there everyone goes one way.)
 *
 * A connection that brings a stream request after others (keep-alive) is served where it is: more memory, same answer.
 */
#pragma once
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

struct front;

/* Takes the connection over; on the front's thread. streams: its first request is for a stream. */
typedef void front_give(void *arg, int fd, const struct sockaddr *peer, socklen_t len, bool streams);
/* Is this the beginning of a request for a stream? first: what has come so far, at least 16 bytes or all there is. */
typedef bool front_is_stream(struct str first);

int front_start(const struct sockaddr *at, socklen_t len, int most, front_is_stream *is_stream, front_give *give,
		void *arg, struct front **out, struct err *err);
int front_port(const struct front *f);
void front_stop(struct front **f); /* closes what has not said anything yet */
