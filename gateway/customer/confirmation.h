/*
 * Double opt-in: an opt-in that somebody said of an address waits, as CONSENT_PENDING, until who has the address says so
 * too: by a word in answer to a text, or by the button on a page that a signed link in a mail leads to. Nothing else makes
 * it an opt-in; not in time, it never becomes one. All inside a write job, except for confirmation_get.
 */
#pragma once
#include "base/arena.h"
#include "customer/consent.h"

struct confirmation {
	struct uuid id, message; /* message: that asked */
	struct address address;
	enum purpose purpose;
	struct str text;		      /* as it was shown */
	int64_t at, expires_at, confirmed_at; /* confirmed_at 0: not yet */
};

/* The consent is set to pending by the caller. */
int confirmation_ask(struct db *db, const struct confirmation *c, struct err *err);
/* ERR_NOT_FOUND "confirmation_not_found". */
int confirmation_get(struct db *db, const struct uuid *id, struct arena *arena, struct confirmation *out,
		     struct err *err);
/* The consent becomes an opt-in with the proof: what was shown, when, and `by` with its member (`"from":"…"`). 1: it is
 * (said twice as well); 0: too late, or it was taken back since; -1 err. */
int confirmation_give(struct db *db, struct events *ev, const struct confirmation *c, const struct uuid *customer,
		      const char *by, const char *member, int64_t now, struct err *err);
/* All that waits for this address. Returns how many became opt-ins, or -1. */
int confirmation_reply(struct db *db, struct events *ev, const struct address *a, const struct uuid *customer,
		       const struct uuid *interaction, struct arena *arena, int64_t now, struct err *err);
