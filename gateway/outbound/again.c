/*
 * An answer of the carrier must reach the store. If the store cannot take it now (disk full, queue full), the job waits
 * here and is handed in again every second, in order. Meanwhile its deliveries count against their window, so nothing
 * more is sent than can be remembered. An error that does not pass is given up after a few tries and logged.
 */
#include "base/log.h"
#include "outbound/private.h"

enum { TRIES = 5 };

static void put(struct outbound *o, struct again *a)
{
	a->next = NULL;
	pthread_mutex_lock(&o->lock);
	*o->again_tail = a;
	o->again_tail = &a->next;
	pthread_mutex_unlock(&o->lock);
}

static struct again *take_all(struct outbound *o)
{
	struct again *a;

	pthread_mutex_lock(&o->lock);
	a = o->again;
	o->again = NULL;
	o->again_tail = &o->again;
	pthread_mutex_unlock(&o->lock);
	return a;
}

void again_submit(struct outbound *o, struct again *a)
{
	a->o = o;
	atomic_fetch_add(&o->jobs, 1);
	if (writer_submit(o->w, &a->job, NULL))
		put(o, a);
}

bool again_failed(struct again *a, const struct err *err)
{
	struct outbound *o = a->o;

	if (err && (err->kind == ERR_UNAVAILABLE || ++a->tries < TRIES)) {
		put(o, a);
		return true;
	}
	if (err)
		log_error("outbound.write_failed", "code", err->code, "reason", err->msg, LOG_END);
	atomic_fetch_sub(&o->jobs, 1);
	return false;
}

void again_retry(struct outbound *o)
{
	for (struct again *a = take_all(o), *next; a; a = next) {
		next = a->next;
		if (writer_submit(o->w, &a->job, NULL))
			put(o, a);
	}
}

void again_drop(struct outbound *o)
{
	for (struct again *a = take_all(o), *next; a; a = next) {
		next = a->next;
		atomic_fetch_sub(&o->jobs, 1);
		a->drop(a);
	}
}
