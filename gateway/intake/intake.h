/*
 * Intake: the one door for all that comes in: normalise → deduplicate → assemble parts → identify → thread → append.
 *
 * intake_received takes a copy, queues one write job and calls done after the commit, on the writer's thread
 * (channel/host.c brings it to the adapter's loop). Keywords (STOP, START, HELP and the localised ones) set consent on the
 * contact point; the confirmation is sent through `confirm`, because outbound is a neighbour.
 */
#pragma once
#include "timeline/conversation.h"

struct intake;

/* What somebody who asked the customer something makes of a text (see intake_config.answer). */
struct answered_by_us {
	const char *reason; /* why it is in no conversation; static */
	struct str member;  /* of the interaction's metadata: "\"offer\":{…}"; in the arena */
};

struct intake_config {
	struct conversation_rules rules;
	const char *region;    /* home region for numbers */
	const char *languages; /* keyword lists in use, in order: "en,de" */
	int64_t part_timeout;  /* an incomplete long text is delivered as partial after this */
	int64_t dedupe_window; /* without an external id: same sender and text within this is the same message; 0: off */
	/* Runs inside the write job: queue `text` to `to` though it is opted out (purpose service, once). */
	int (*confirm)(void *arg, struct db *db, const struct identity *to, enum channel channel, struct str account,
		       struct str text, int64_t now, struct err *err);
	/* After the commit of a job in which confirm ran, and at its start (it may run again): see outbound_batch. */
	void (*confirm_reset)(void *arg);
	void (*confirm_committed)(void *arg);
	void *confirm_arg;
	/* Runs inside the write job, for a text that is no keyword, before it is appended: whether it answers something that
	 * the gateway itself has asked, such as an offer. 1: it does, nobody else need look at it; 0: no; -1 err. May be
	 * NULL. answered runs after the commit of a job in which one did. */
	int (*answer)(void *arg, struct db *db, const struct identity *who, const struct interaction *i,
		      struct arena *arena, int64_t now, struct answered_by_us *out, struct err *err);
	void (*answered)(void *arg);
	void *answer_arg;
};

enum intake_kind { INTAKE_STORED, INTAKE_SEEN, INTAKE_WAITING, INTAKE_REFUSED, INTAKE_UNAVAILABLE };

struct intake_outcome {
	enum intake_kind kind; /* WAITING: a part that waits for its fellows, stored */
	struct uuid interaction;
	struct err err; /* REFUSED: why; UNAVAILABLE: retry_after_s */
};
typedef void intake_fn(void *arg, const struct intake_outcome *o);

int intake_new(const struct intake_config *c, struct writer *w, struct events *ev, struct intake **out,
	       struct err *err);
void intake_free(struct intake **i);
/* To be called before anything comes in: what a crash has cut off while it went on is closed, with the reason. Any time that
 * is before the first inbound's write job. account: only what came over this one; NULL: all. */
int intake_recover(struct intake *i, const char *account, struct err *err);
/* Any thread. Copies `in`. done runs exactly once. */
void intake_received(struct intake *i, const struct inbound *in, intake_fn *done, void *arg);
/* Many at once in one write job: cheaper under load. done runs for each with its args[k]. */
void intake_received_batch(struct intake *i, const struct inbound *in, size_t n, intake_fn *done, void *const *args);
/* Body of a write job for the scheduler: incomplete texts older than part_timeout become partial ones. Returns how many. */
int intake_sweep(struct intake *i, struct db *db, int64_t now, struct err *err);

enum keyword { KEYWORD_NONE, KEYWORD_STOP, KEYWORD_START, KEYWORD_HELP };
/* Keyword of a whole message, if it is one. Pure. */
enum keyword intake_keyword(const struct intake *i, struct str text, const char **language);
