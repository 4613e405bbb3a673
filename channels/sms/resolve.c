/*
 * A job is owned by its thread until the answer is posted, then by the loop. The lock decides the race between
 * "finished" and "cancelled": after a cancel the thread touches the loop no more and frees the job itself.
 */
#include "sms/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct resolve {
	struct task task; /* first: the loop hands it back */
	struct loop *loop;
	resolve_fn *fn;
	void *arg;
	pthread_mutex_t lock;
	bool cancelled, posted;
	char host[256], error[120];
	uint16_t port;
	struct resolved got;
};

static int look_up(const char *host, uint16_t port, int flags, struct resolved *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	out->n = 0;
	if (rc)
		return rc;
	for (const struct addrinfo *i = list; i && out->n < RESOLVE_MAX; i = i->ai_next) {
		struct sockaddr_storage *a = &out->v[out->n].addr;
		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		memcpy(a, i->ai_addr, i->ai_addrlen);
		if (i->ai_family == AF_INET)
			((struct sockaddr_in *)a)->sin_port = htons(port);
		else
			((struct sockaddr_in6 *)a)->sin6_port = htons(port);
		out->v[out->n++].len = i->ai_addrlen;
	}
	freeaddrinfo(list);
	return out->n ? 0 : EAI_NONAME;
}

static void job_free(struct resolve *r)
{
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void answered(struct task *t)
{
	struct resolve *r = (struct resolve *)t;
	bool cancelled;

	/* The worker posts with the lock held: taken once more, it has let go before the lock is destroyed. */
	pthread_mutex_lock(&r->lock);
	cancelled = r->cancelled;
	pthread_mutex_unlock(&r->lock);
	if (!cancelled)
		r->fn(r->arg, r->error[0] ? NULL : &r->got, r->error[0] ? r->error : NULL);
	job_free(r);
}

static void *worker(void *arg)
{
	struct resolve *r = arg;
	int rc = look_up(r->host, r->port, AI_ADDRCONFIG, &r->got);
	bool cancelled;

	if (rc)
		(void)snprintf(r->error, sizeof r->error, "%s", gai_strerror(rc));
	pthread_mutex_lock(&r->lock);
	cancelled = r->cancelled;
	r->posted = !cancelled;
	if (!cancelled)
		loop_post(r->loop, &r->task);
	pthread_mutex_unlock(&r->lock);
	if (cancelled)
		job_free(r);
	return NULL;
}

static int spawn(struct resolve *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attr))
		return -1;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, worker, r);
	pthread_attr_destroy(&attr);
	return rc ? -1 : 0;
}

void resolve_begin(struct loop *loop, const char *host, uint16_t port, resolve_fn *fn, void *arg, struct resolve **out)
{
	struct resolved numeric;
	struct resolve *r;

	*out = NULL;
	if (look_up(host, port, AI_NUMERICHOST, &numeric) == 0) {
		fn(arg, &numeric, NULL);
		return;
	}
	r = calloc(1, sizeof *r);
	if (!r) {
		fn(arg, NULL, "out of memory");
		return;
	}
	*r = (struct resolve){.task.run = answered, .loop = loop, .fn = fn, .arg = arg, .port = port};
	(void)snprintf(r->host, sizeof r->host, "%s", host);
	pthread_mutex_init(&r->lock, NULL);
	if (spawn(r)) {
		job_free(r);
		fn(arg, NULL, "cannot start a thread");
		return;
	}
	*out = r;
}

void resolve_cancel(struct resolve **rp)
{
	struct resolve *r = *rp;

	if (!r)
		return;
	*rp = NULL;
	pthread_mutex_lock(&r->lock);
	r->cancelled = true;
	pthread_mutex_unlock(&r->lock);
}
