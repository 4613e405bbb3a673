/*
 * Interactions: append-only in content, newest first on the timeline. The status of a message lives in its deliveries. What
 * goes on for a while (a call) is written when it begins and completed when it ends; then it stays as it is.
 */
#pragma once
#include "base/arena.h"
#include "customer/identity.h"
#include "model/message.h"

struct interaction {
	struct uuid id;	      /* nil in append: made from `at` and the customer's bucket */
	struct uuid customer; /* root owner (see identity.h) */
	struct uuid conversation;
	bool has_contact;
	struct address contact;
	int64_t at;
	enum channel channel;
	enum direction direction;
	enum kind kind;
	struct str account, author, subject, content;
	struct str attachments; /* JSON array or empty */
	struct str metadata;	/* JSON object or empty */
	struct str thread_reason;
};

/* Inside a write job; sets i->id. Appends the row only; the caller appends the event that fits. */
int interaction_append(struct db *db, struct interaction *i, struct err *err);
/* Writes subject, content, attachments, metadata, conversation and its reason anew. */
int interaction_complete(struct db *db, const struct interaction *i, struct err *err);
int interaction_get(struct db *db, const struct uuid *id, struct arena *a, struct interaction *out, struct err *err);
/* Interaction with its deliveries as the API shows it. */
int interaction_json(struct db *db, struct json_out *j, const char *key, const struct interaction *i, struct err *err);

struct timeline_query {
	struct uuid customer;		      /* any member; nil with conversation set: the conversation's own thread */
	struct uuid conversation;	      /* nil: all */
	unsigned channels, kinds, directions; /* bit sets (1 << enum); 0: all */
	int64_t since, until;		      /* 0: open; since inclusive, until exclusive */
	struct uuid before;		      /* keyset: older than this id; nil: newest */
	int limit;
};
/* Writes up to limit entries as JSON array members (inside an open array). *next: cursor id of the following page, nil at
 * the end. One range read for each member of the merge set. */
int timeline_page(struct db *db, const struct timeline_query *q, struct json_out *j, struct uuid *next,
		  struct err *err);
/* The SQL that a page of a single customer runs, for the bench's floor. Parameters: bucket, customer, before, limit. */
const char *timeline_page_sql(void);
/* Thread of one contact point as its owner may see it (web chat): messages only, oldest first, after `after` (nil: the
 * last `limit`). */
int timeline_contact(struct db *db, const struct address *a, const struct uuid *after, int limit,
		     void (*fn)(void *arg, const struct interaction *i, enum status status), void *arg, bool *more,
		     struct err *err);
