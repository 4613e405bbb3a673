/*
 * Chores: what must be done from time to time in the store (forget old events, wake snoozed conversations, give up on
 * missing parts). One thread that only keeps time; each chore is a write job, run at most once at a time, and again
 * after `every` microseconds whether or not it succeeded.
 */
#pragma once
#include "store/writer.h"

struct scheduler;

struct chore {
	const char *name; /* word for the log */
	int64_t every;
	int (*run)(void *arg, struct db *db, int64_t now, struct err *err); /* ≥ 0, or -1 with err */
	void *arg;
};

/* Copies the table. */
int scheduler_start(struct writer *w, const struct chore *v, size_t n, struct scheduler **out, struct err *err);
/* Waits for the chores under way. Before writer_stop. */
void scheduler_stop(struct scheduler **s);
