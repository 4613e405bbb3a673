/*
 * Claims: a customer says or proves that an address is its own, and perhaps another has it already. Merged by itself is
 * only what is proven on both sides and contradicts nothing: two people of one household prove the same number too, so
 * different external ids, a person's earlier decision or an unlikely number of addresses leave it to a person again.
 */
#include <stdlib.h>

#include "customer/private.h"

enum { CONTACTS_AUTO = 8, CONTACTS_LOOKED_AT = 32 };

struct side {
	struct uuid members[MEMBERS_MAX]; /* survivor first */
	int n;
	int contacts;  /* current contact points of the claimed scheme */
	bool external; /* somebody of them has an external id */
	bool known;    /* that, or something verified */
	bool prospect; /* the survivor is no more than that */
};

static int look_at_members(struct db *db, struct arena *a, struct side *s, struct err *err)
{
	struct customer c;

	for (int i = s->n - 1; i >= 0; i--) {
		arena_reset(a);
		if (customer_get(db, &s->members[i], a, &c, err))
			return -1;
		s->external |= c.external_id.n > 0;
		s->prospect = c.stage == STAGE_PROSPECT;
	}
	return 0;
}

static int look(struct db *db, const struct uuid *id, enum scheme scheme, int64_t now, struct side *out,
		struct err *err)
{
	struct contact *list = calloc(CONTACTS_LOOKED_AT, sizeof *list);
	struct arena *a = arena_new(1 << 20);
	int k = -1;

	*out = (struct side){0};
	if (!list || !a)
		err_nomem(err);
	else if ((out->n = identity_members(db, id, out->members, err)) > 0 && look_at_members(db, a, out, err) == 0)
		k = contact_list(db, out->members, (size_t)out->n, now, list, CONTACTS_LOOKED_AT, err);
	out->known = out->external;
	for (int i = 0; i < k; i++) {
		out->contacts += list[i].address.scheme == scheme;
		out->known = out->known || list[i].verified_by[0];
	}
	free(list);
	arena_free(&a);
	return k < 0 ? -1 : 0;
}

/* Known before unknown, customer before prospect, then the older id. */
static bool outranks(const struct side *a, const struct side *b)
{
	if (a->external != b->external)
		return a->external;
	if (a->known != b->known)
		return a->known;
	if (a->prospect != b->prospect)
		return b->prospect;
	return memcmp(&a->members[0], &b->members[0], sizeof a->members[0]) < 0;
}

static int merge_sides(struct db *db, struct events *ev, const struct side *a, const struct side *b, const char *reason,
		       const char *author, int64_t now, struct err *err)
{
	const struct side *keep = outranks(a, b) ? a : b, *join = keep == a ? b : a;
	struct uuid record;

	return identity_merge(db, ev, &keep->members[0], &join->members[0], reason, author, now, &record, err);
}

int merge_by_rank(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason,
		  const char *author, int64_t now, struct err *err)
{
	struct side x, y;

	if (look(db, a, SCHEME_TEL, now, &x, err) || look(db, b, SCHEME_TEL, now, &y, err))
		return -1;
	return merge_sides(db, ev, &x, &y, reason, author, now, err);
}

/* Nothing that we know speaks against the two being one. */
static int unopposed(struct db *db, const struct side *a, const struct side *b, bool *out, struct err *err)
{
	bool undone, rejected;

	if (merge_was_undone(db, a->members, a->n, b->members, b->n, &undone, err) ||
	    suggestion_was_rejected(db, &a->members[0], &b->members[0], &rejected, err))
		return -1;
	*out = !undone && !rejected && !(a->external && b->external) && a->n + b->n <= MEMBERS_MAX;
	return 0;
}

/* A browser proven to be somebody's: what it did while nobody was signed in joins. A second person on the same browser, or
 * one that was cut apart before, takes it over from now on, and the first keeps what was before. */
static int visitor(struct db *db, struct events *ev, const struct side *us, const struct side *them, bool joins,
		   const struct contact *theirs, const char *verified_by, int64_t now, struct err *err)
{
	if (!joins)
		return contact_add(db, ev, &us->members[0], &theirs->address, verified_by, NULL, now, true, now, NULL,
				   err);
	if (contact_verify(db, ev, &theirs->id, verified_by, now, err))
		return -1;
	return merge_sides(db, ev, us, them, "visitor proven by the site", "system", now, err);
}

/* The address is another customer's. */
static int contested(struct db *db, struct events *ev, const struct uuid *customer, const struct contact *theirs,
		     const char *verified_by, int64_t now, bool *out_merged, struct err *err)
{
	enum scheme scheme = theirs->address.scheme;
	struct side us, them;
	bool free_to;

	if (look(db, customer, scheme, now, &us, err) || look(db, &theirs->customer, scheme, now, &them, err) ||
	    unopposed(db, &us, &them, &free_to, err))
		return -1;
	if (scheme == SCHEME_VISITOR && verified_by) {
		*out_merged = free_to && !them.known;
		return visitor(db, ev, &us, &them, *out_merged, theirs, verified_by, now, err);
	}
	*out_merged = free_to && verified_by && theirs->verified_by[0] && us.contacts + them.contacts <= CONTACTS_AUTO;
	if (*out_merged)
		return merge_sides(db, ev, &us, &them, "address verified on both sides", "system", now, err);
	return suggest(db, ev, &us.members[0], &them.members[0], "the same address is claimed by both", now, err);
}

int identity_claim(struct db *db, struct events *ev, const struct uuid *customer, const struct address *a,
		   const char *verified_by, int64_t now, bool *out_merged, struct err *err)
{
	struct uuid ours, theirs;
	struct contact present;
	bool never;
	int r;

	*out_merged = false;
	if (verified_by && !verified_by[0])
		verified_by = NULL;
	if (never_merge_has(db, a, &never, err))
		return -1;
	if (never)
		return 0;
	r = contact_find(db, a, now, &present, err);
	if (r < 0)
		return -1;
	if (r == 1)
		return contact_add(db, ev, customer, a, verified_by, NULL, 0, false, now, NULL, err);
	if (identity_survivor(db, customer, &ours, err) || identity_survivor(db, &present.customer, &theirs, err))
		return -1;
	if (uuid_eq(&ours, &theirs))
		return verified_by && !present.verified_by[0]
			       ? contact_verify(db, ev, &present.id, verified_by, now, err)
			       : 0;
	return contested(db, ev, customer, &present, verified_by, now, out_merged, err);
}
