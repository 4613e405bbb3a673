/*
 * Holds: why a customer gets no marketing for a while (a dispute, a bereavement, a fault). They hold for the whole merge set
 * and are kept when they end.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "events/events.h"

enum { HOLD_REASON_MAX = 40, HOLD_NOTE_MAX = 500 };

struct hold {
	struct uuid id, customer;
	struct str reason, note, author, ended_by;
	int64_t created_at, until, ended_at; /* until 0: until it is ended; ended_at 0: it holds */
};

/* customer: who stands for the one that was meant. Appends customer.updated. Inside a write job. */
int hold_begin(struct db *db, struct events *ev, const struct hold *h, struct uuid *out, struct err *err);
/* ERR_NOT_FOUND "hold_unknown"; one that has ended stays as it is. */
int hold_end(struct db *db, struct events *ev, const struct uuid *customer, const struct uuid *id, const char *author,
	     int64_t now, struct err *err);
/* 1: a hold is in force at `at`, its reason copied; 0: none; -1: err. */
int hold_of(struct db *db, const struct uuid *members, size_t n, int64_t at, char reason[HOLD_REASON_MAX + 1],
	    struct err *err);
/* All of them, newest last, as members of the list that is open. */
int hold_list_json(struct db *db, struct json_out *j, const struct uuid *members, size_t n, int64_t now,
		   struct err *err);
