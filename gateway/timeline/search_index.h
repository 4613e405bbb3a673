/*
 * Keeps the full-text index up to date, behind the work and not in its way: a thread of its own looks twice a second
 * whether there are events that it has not seen, and hands the writer idle jobs of a few hundred texts each. How far it got
 * is in the table `cursor` under "search", in the transaction that added the texts; so after a crash it goes on exactly
 * there.
 */
#pragma once
#include "events/events.h"

struct search_index;

int search_index_start(struct writer *w, struct events *ev, struct search_index **out, struct err *err);
void search_index_stop(struct search_index **s); /* before writer_stop */

/* One step, inside a write job: how many texts it added; *more: there are events that it did not come to. */
int search_index_step(struct db *db, bool *more, struct err *err);
/* Adds one interaction, or one customer as he is now, whatever the events say: for a store that was copied. */
int search_index_one(struct db *db, bool interaction, const struct uuid *id, struct err *err);
