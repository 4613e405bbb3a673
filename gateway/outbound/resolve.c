/*
 * Whom it is for, by what address and through which account. An address names its channel by its form; a customer has
 * contact points, and the request an order of channels. The first contact point in that order which an account can serve
 * is taken; `auto` prefers what the customer prefers, then what was used last (the order of contact_list).
 */
#include "outbound/private.h"

enum { CONTACTS_MAX = 32 };

static int no_account(struct err *err, enum channel c)
{
	return err_set(err, ERR_SEMANTIC, "channel_unavailable", "/channel",
		       "no channel account of kind \"%s\" is configured", channel_word(c));
}

static bool fits(enum channel c, enum scheme s)
{
	return c == CHANNEL_LOOPBACK || channel_of_scheme(s) == c || scheme_of_channel(c) == s;
}

/* The account named decides the channel; else each channel wanted, in order; else the address's own. */
static int account_for(struct outbound *o, const struct send_request *r, enum scheme s, struct route *out,
		       struct err *err)
{
	enum channel c = channel_of_scheme(s);

	if (r->account.n) {
		if (!accounts_get(o->accounts, r->account, &out->account))
			return err_set(err, ERR_SEMANTIC, "account_unknown", "/account",
				       "there is no such channel account");
		if (!fits(out->account.channel, s))
			return err_set(err, ERR_SEMANTIC, "channel_mismatch", "/account",
				       "this account cannot reach such an address");
		out->channel = out->account.channel;
		return 0;
	}
	for (size_t k = 0; k < r->channels_n; k++)
		if (fits(r->channels[k], s) && accounts_pick(o->accounts, r->channels[k], STR(""), &out->account)) {
			out->channel = r->channels[k];
			return 0;
		}
	if (r->channels_n && !fits(r->channels[0], s))
		return err_set(err, ERR_SEMANTIC, "channel_mismatch", "/channel",
			       "the address is not one of channel \"%s\"", channel_word(r->channels[0]));
	if (r->channels_n || !accounts_pick(o->accounts, c, STR(""), &out->account))
		return no_account(err, r->channels_n ? r->channels[0] : c);
	out->channel = c;
	return 0;
}

static int members_of(struct db *db, const struct uuid *id, struct route *out, struct err *err)
{
	int n = identity_members(db, id, out->members, err);

	out->members_n = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : 0;
}

/* False: the store must be asked. */
static bool from_memory(struct outbound *o, const struct address *a, struct route *out)
{
	const struct known *k = out->known = known_find(o->knowledge, o->ev, a);

	if (!k)
		return false;
	out->contact = (struct contact){.id = k->contact,
					.customer = k->owner,
					.valid_from = k->valid_from,
					.last_in_at = k->last_in_at,
					.last_out_at = k->last_out_at};
	out->contact.address = *a;
	out->owner = out->members[0] = k->owner;
	out->members_n = 1;
	return true;
}

static int from_store(struct outbound *o, struct db *db, const struct address *a, int64_t now, struct route *out,
		      struct err *err)
{
	struct identity who;

	if (identity_resolve(db, o->ev, a, STR(""), 0, now, &who, err))
		return -1;
	out->contact = who.contact;
	out->owner = who.contact.customer;
	if (who.created) { /* nobody was merged into it, and it has no conversation */
		out->members[0] = who.survivor;
		out->members_n = 1;
	} else if (members_of(db, &who.survivor, out, err)) {
		return -1;
	}
	if (out->members_n == 1 && who.contact.valid_to == 0)
		out->known = known_put(o->knowledge, o->ev, &who.contact);
	if (out->known)
		out->known->quiet = who.created;
	return 0;
}

static int to_address(struct outbound *o, struct db *db, const struct send_request *r, int64_t now, struct route *out,
		      struct err *err)
{
	if (account_for(o, r, r->address.scheme, out, err))
		return -1;
	out->to = r->address;
	return from_memory(o, &r->address, out) ? 0 : from_store(o, db, &r->address, now, out, err);
}

/* Rank of a contact point by the request's wishes: lower is better, -1 is not wanted at all. */
static int rank(struct outbound *o, const struct send_request *r, const struct contact *c, struct route *out)
{
	struct send_request one = *r;

	if (r->channels_n == 0)
		return account_for(o, r, c->address.scheme, out, NULL) ? -1 : 0;
	one.channels_n = 1;
	for (size_t k = 0; k < r->channels_n; k++) {
		one.channels[0] = r->channels[k];
		if (account_for(o, &one, c->address.scheme, out, NULL) == 0)
			return (int)k;
	}
	return -1;
}

static int to_customer(struct outbound *o, struct db *db, const struct send_request *r, int64_t now, struct route *out,
		       struct err *err)
{
	struct contact list[CONTACTS_MAX];
	struct uuid id = r->customer;
	int n, best = -1, best_rank = CHANNELS_MAX;

	if (uuid_is_nil(&id) && customer_by_external_id(db, r->external_customer, &id, err))
		return -1;
	if (members_of(db, &id, out, err))
		return -1;
	out->owner = out->members[0]; /* the survivor */
	n = contact_list(db, out->members, out->members_n, now, list, CONTACTS_MAX, err);
	if (n < 0)
		return -1;
	for (int k = 0; k < n; k++) {
		int x = rank(o, r, &list[k], out);
		if (x >= 0 && x < best_rank) {
			best = k;
			best_rank = x;
		}
	}
	if (best < 0)
		return err_set(err, ERR_SEMANTIC, "no_contact_point", "/to",
			       "the customer has no address on the channels wanted");
	rank(o, r, &list[best], out);
	out->contact = list[best];
	out->to = list[best].address;
	return 0;
}

int route_find(struct outbound *o, struct db *db, const struct send_request *r, int64_t now, struct route *out,
	       struct err *err)
{
	out->members_n = 0;
	out->known = NULL;
	return r->has_address ? to_address(o, db, r, now, out, err) : to_customer(o, db, r, now, out, err);
}
