/*
 * The smart hosts of an account: which one takes the next mail. The order is the order of preference; a host that failed is
 * left alone for a while, doubling, and then tried with one mail before it gets more. Pure: time comes as a parameter.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { SMART_HOSTS_MAX = 8, HOST_NAME = 256 };

struct host_rules {
	int64_t connections, rate; /* of one host; rate 0: no limit */
	int64_t retry_min, retry_max;
};

struct smart_host {
	char name[HOST_NAME]; /* as in a URL: an IPv6 address in brackets */
	uint16_t port;
	int active, failures;
	int64_t dead_until; /* 0: it works, or was never tried */
	int64_t next;	    /* the rate has been used up to this time */
	bool refused;	    /* it failed by its own word (AUTH, certificate), not by silence */
	bool up;	    /* the last that was heard of it was good */
	char reason[200];
};

struct smart_hosts {
	struct smart_host v[SMART_HOSTS_MAX];
	size_t n;
	struct host_rules rules;
};

/* -1: ERR_SEMANTIC "host_invalid". */
int smart_hosts_init(struct smart_hosts *h, const char *list, int64_t port, const struct host_rules *rules,
		     struct err *err);
/* NULL: none can take one now; *wake says when one may by time alone (0: not before one is given back). */
struct smart_host *smart_hosts_pick(struct smart_hosts *h, int64_t now, int64_t *wake);
void smart_host_taken(struct smart_hosts *all, struct smart_host *h, int64_t now);
/* One more over a connection that it has anyway. false: not now, by its rate. */
bool smart_host_follows(const struct smart_hosts *all, struct smart_host *h, int64_t now);
void smart_host_left(struct smart_host *h); /* what was taken is over, however it went */
void smart_host_worked(struct smart_host *h);
void smart_host_failed(struct smart_hosts *all, struct smart_host *h, int64_t now, bool refused, const char *reason);
/* How many are known to work. */
size_t smart_hosts_up(const struct smart_hosts *h);
/* Whether all failed and none may be tried again yet. */
bool smart_hosts_all_dead(const struct smart_hosts *h, int64_t now);
