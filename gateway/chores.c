#include "chores.h"

#include "base/clock.h"
#include "campaign/uptake.h"
#include "events/events.h"
#include "intake/intake.h"

static int forget_events(void *arg, struct db *db, int64_t now, struct err *err)
{
	const struct chores *w = arg;
	return events_trim(db, now - w->c->retention.events, err);
}

static int forget_answers(void *arg, struct db *db, int64_t now, struct err *err)
{
	const struct chores *w = arg;
	struct stmt *q = db_query(db, "DELETE FROM idempotency WHERE at < $1");

	db_bind_i64(q, 1, now - w->c->retention.idempotency);
	return db_run(q, err);
}

static int give_up_parts(void *arg, struct db *db, int64_t now, struct err *err)
{
	const struct chores *w = arg;
	return intake_sweep(w->intake, db, now, err);
}

static int wake_conversations(void *arg, struct db *db, int64_t now, struct err *err)
{
	const struct chores *w = arg;
	return conversation_wake(db, w->events, now, err);
}

static int expire_offers(void *arg, struct db *db, int64_t now, struct err *err)
{
	const struct chores *w = arg;
	return uptake_expire(db, w->events, now, err);
}

int chores_start(struct chores *w, struct writer *writer, struct scheduler **out, struct err *err)
{
	const struct chore chores[] = {
		{"parts.give_up", 5 * US_SEC, give_up_parts, w},
		{"conversations.wake", 5 * US_SEC, wake_conversations, w},
		{"offers.expire", US_SEC, expire_offers, w},
		{"events.forget", 10 * US_MIN, forget_events, w},
		{"idempotency.forget", 10 * US_MIN, forget_answers, w},
	};

	return scheduler_start(writer, chores, sizeof chores / sizeof *chores, out, err);
}
