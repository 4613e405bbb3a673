/*
 * Suppression lists: addresses that get nothing, whoever owns them, and if nobody does. A list is no word of the customer's
 * (that is consent.h): it comes from outside, a national do-not-call list, a mailbox that is not there any more, a
 * complaint, and stays until somebody takes it off. An address stands on it once for each purpose, or once for all.
 */
#pragma once
#include "base/json.h"
#include "events/events.h"
#include "model/address.h"

/* Beside the purposes of words.h. */
enum { SUPPRESSION_ALL = -1, SUPPRESSION_REASON_MAX = 64, SUPPRESSION_SOURCE_MAX = 64, SUPPRESSION_PROOF_MAX = 4096 };

struct suppression {
	struct uuid id;
	struct address address;
	int purpose;		   /* enum purpose, or SUPPRESSION_ALL */
	struct str reason, source; /* "hard_bounce", "complaint", "do_not_call"; "channel", "import", "api" */
	struct str proof;	   /* JSON object, or empty */
	int64_t at;
};

/* Inside a write job. s->id and at are filled; *added false and s->id the one that is there if it stands on the list for
 * that purpose already, which keeps its first reason. */
int suppression_add(struct db *db, struct events *ev, struct suppression *s, int64_t now, bool *added, struct err *err);
/* ERR_NOT_FOUND "suppression_not_found". */
int suppression_remove(struct db *db, struct events *ev, const struct uuid *id, int64_t now, struct err *err);
/* 1 it is suppressed for that purpose, 0 it is not, -1 err. */
int suppression_is(struct db *db, const struct address *a, enum purpose p, struct err *err);

/* ERR_NOT_FOUND "suppression_not_found". */
int suppression_json(struct db *db, const struct uuid *id, struct json_out *j, const char *key, struct err *err);
struct suppression_query {
	const struct address *address; /* NULL: all */
	int scheme;		       /* -1: all */
	struct str reason;	       /* empty: all */
	struct uuid before;	       /* nil: from the newest */
	int limit;
};
/* Newest first. Returns how many; *last: the id of the last. */
int suppressions_json(struct db *db, const struct suppression_query *q, struct json_out *j, struct uuid *last,
		      struct err *err);
