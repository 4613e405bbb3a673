/*
 * Contact points: one address on one channel, owned by one customer at a time. Numbers are recycled, so ownership has an
 * interval: what happened before valid_from belongs to the former owner.
 */
#pragma once
#include "customer/customer.h"

struct contact {
	struct uuid id, customer; /* customer: the root owner, never rewritten by a merge */
	struct address address;
	int64_t valid_from, valid_to; /* valid_to 0: still */
	char verified_by[40]; /* "" not verified; "otp", "bss", "hmac", "import", "inbound" says who proved it */
	int64_t verified_at, last_in_at, last_out_at;
	char label[40];
	bool preferred;
};

/* Owner at `at` (0: the last there is). 0 found, 1 nobody, -1 error. */
int contact_find(struct db *db, const struct address *a, int64_t at, struct contact *out, struct err *err);
int contact_get(struct db *db, const struct uuid *id, struct contact *out, struct err *err);
/* Gives the address to a customer from `from` on, until the next owner's time if there is one already. from 0: from now on
 * where it had another owner, else since ever, so that late messages find it. The present owner's interval ends at `from`
 * when `take` (a recycled number); else ERR_CONFLICT "address_taken". That has written a merge suggestion: who wants to
 * keep it ends the job well and answers the conflict itself. An address that is the customer's (or its merge set's)
 * already is given back as it is, verified if it was not. */
int contact_add(struct db *db, struct events *ev, const struct uuid *customer, const struct address *a,
		const char *verified_by, const char *label, int64_t from, bool take, int64_t now, struct contact *out,
		struct err *err);
int contact_verify(struct db *db, struct events *ev, const struct uuid *id, const char *by, int64_t now,
		   struct err *err);
int contact_end(struct db *db, struct events *ev, const struct uuid *id, int64_t at, struct err *err);
int contact_label(struct db *db, const struct uuid *id, const char *label, bool preferred, struct err *err);
/* Remembers that something came in or went out by it (for "the channel the customer last used"). Cheap: at most once a
 * minute per contact point is written. */
int contact_touch(struct db *db, const struct contact *c, enum direction d, int64_t now, struct err *err);
/* All current contact points of a merge set, preferred and most recently used first. Returns how many (≤ max), or -1. */
int contact_list(struct db *db, const struct uuid *members, size_t members_n, int64_t at, struct contact *out,
		 size_t max, struct err *err);
void contact_json(struct json_out *j, const char *key, const struct contact *c);
