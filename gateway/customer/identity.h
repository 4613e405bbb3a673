/*
 * Identity: whose is this address, and which customers are one.
 *
 * A merge points the merged customer at the survivor and rewrites nothing else; so an unmerge restores the history
 * exactly. Readers ask identity_members for everyone who stands for one customer and read over all of them. Only
 * verified contact points merge by themselves; the rest become suggestions. Values in never_merge merge nobody.
 */
#pragma once
#include "customer/contact.h"

enum { MEMBERS_MAX = 64 };

struct identity {
	struct contact contact; /* the contact point it came by; contact.customer is the root owner */
	struct uuid survivor;	/* who stands for the owner today: what the API shows as customer_id */
	bool created;		/* a prospect was made for it */
};

/* The owner of an address at `at`; an unknown one becomes a prospect. An alphanumeric sender, short code or never-merge
 * value gets a customer of its own that nothing merges with. */
int identity_resolve(struct db *db, struct events *ev, const struct address *a, struct str display_name, int64_t at,
		     int64_t now, struct identity *out, struct err *err);
/* Follows merged_into to who stands for id today. ERR_NOT_FOUND if there is no such customer. */
int identity_survivor(struct db *db, const struct uuid *id, struct uuid *out, struct err *err);
/* The survivor and everyone merged into it, survivor first. Returns how many, or -1. */
int identity_members(struct db *db, const struct uuid *id, struct uuid out[MEMBERS_MAX], struct err *err);

/* survivor may be an old id: who stands for it is meant. ERR_CONFLICT "merge_with_itself", or "already_merged" when both are
 * one already or `merged` stands under another; ERR_SEMANTIC "merge_too_large", or "never_merge" when all that is known of a
 * side are addresses that name nobody. Audited. */
int identity_merge(struct db *db, struct events *ev, const struct uuid *survivor, const struct uuid *merged,
		   const char *reason, const char *author, int64_t now, struct uuid *out_merge, struct err *err);
/* Undoes one merge by its record, whatever was merged before, after or since undone: the two sides are as they would be
 * without it. ERR_NOT_FOUND "merge_not_found", ERR_CONFLICT "already_unmerged". Conversations that both sides took part in are split by the caller (timeline/), inside
 * the same job. */
int identity_unmerge(struct db *db, struct events *ev, const struct uuid *merge, const char *author, int64_t now,
		     struct uuid *out_survivor, struct uuid *out_restored, struct err *err);
/* The records of everyone who is one with the customer today, and of those who were once. */
int identity_merges_json(struct db *db, const struct uuid *customer, struct json_out *j, const char *key,
			 struct err *err);

/* A customer says or proves that an address is its own. Free: it becomes its contact point. Another's: verified on both
 * sides → merged now (out_merged true), unless the two have different external ids, more than eight contact points of that
 * kind together, were once cut apart by a person, or a suggestion to merge them was rejected; else a suggestion. An address
 * in never_merge changes nothing. verified_by NULL or "": only claimed. */
int identity_claim(struct db *db, struct events *ev, const struct uuid *customer, const struct address *a,
		   const char *verified_by, int64_t now, bool *out_merged, struct err *err);
int suggestion_decide(struct db *db, struct events *ev, const struct uuid *id, bool accept, const char *author,
		      int64_t now, struct err *err);
int suggestions_json(struct db *db, int limit, struct json_out *j, const char *key, struct err *err);

int never_merge_add(struct db *db, const struct address *a, const char *note, int64_t now, struct err *err);
int never_merge_remove(struct db *db, const struct address *a, struct err *err);
int never_merge_has(struct db *db, const struct address *a, bool *out, struct err *err);
int never_merge_json(struct db *db, struct json_out *j, const char *key, struct err *err);
