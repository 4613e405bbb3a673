#include <microhttpd.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "floor.h"

struct request {
	size_t n;
	char body[2048];
};

struct server {
	atomic_long served;
};

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *data, size_t *n, void **state)
{
	static const char reply[] = "{\"id\":\"019366a0-7c1e-7000-8000-0123456789ab\",\"status\":\"queued\"}";
	struct request *r = *state;
	struct server *s = arg;
	struct MHD_Response *a;
	enum MHD_Result ok;

	(void)url, (void)method, (void)version;
	if (!r) {
		*state = r = malloc(sizeof *r);
		if (r)
			r->n = 0;
		return r ? MHD_YES : MHD_NO;
	}
	if (*n) {
		size_t room = sizeof r->body - r->n, take = *n < room ? *n : room;
		memcpy(r->body + r->n, data, take);
		r->n += take;
		*n = 0;
		return MHD_YES;
	}
	a = MHD_create_response_from_buffer(sizeof reply - 1, (void *)(uintptr_t)reply, MHD_RESPMEM_PERSISTENT);
	if (!a)
		return MHD_NO;
	MHD_add_response_header(a, "Content-Type", "application/json");
	ok = MHD_queue_response(c, 202, a);
	MHD_destroy_response(a);
	atomic_fetch_add(&s->served, 1);
	return ok;
}

static void completed(void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	(void)arg, (void)c, (void)why;
	free(*state);
	*state = NULL;
}

void floor_http(int threads)
{
	struct server s = {0};
	struct pollfd stop = {.fd = kit_stop_fd(), .events = POLLIN};
	uint64_t start = kit_now();
	int port, listener = kit_listen(0, &port);
	struct MHD_Daemon *d =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, &s, MHD_OPTION_LISTEN_SOCKET,
				 listener, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads, MHD_OPTION_CONNECTION_LIMIT,
				 4096u, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	struct buf b;
	double cpu = kit_cpu();

	if (!d)
		kit_die("MHD_start_daemon");
	kit_line(&b, "ready");
	kit_count(&b, "port", (uint64_t)port);
	kit_say(&b);
	while (poll(&stop, 1, -1) < 1)
		;
	floor_tell("http", atomic_load(&s.served), kit_cpu() - cpu, kit_now() - start);
	MHD_stop_daemon(d);
}
