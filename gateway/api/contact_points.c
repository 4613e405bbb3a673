/* Contact points: addresses, and whose they are from when until when. */
#include "api/api.h"

struct change {
	struct uuid customer, id;
	struct address address;
	char verified_by[40], label[40];
	int64_t from;
	bool take, preferred, set_label, set_preferred, set_verified;
	struct contact out;
	struct err taken; /* the address is another's: the answer, while the suggestion to merge the two is kept */
};

static int text_member(const json_t *o, const char *name, char *out, size_t cap, struct err *err)
{
	struct str s;
	int k = input_str(o, "", name, cap - 1, &s, err);

	if (k == 1) {
		memcpy(out, s.p, s.n);
		out[s.n] = 0;
	}
	return k;
}

int contact_points(struct request *r, struct err *err)
{
	struct contact v[100];
	struct uuid id, members[MEMBERS_MAX];
	struct db *db = request_db(r, err);
	int n, k;

	if (!db || path_uuid(r, 0, &id, err) || (n = identity_members(db, &id, members, err)) < 0 ||
	    (k = contact_list(db, members, (size_t)n, now_of(r), v, 100, err)) < 0)
		return -1;
	list_begin(r);
	for (int i = 0; i < k; i++)
		contact_json(&r->json, NULL, &v[i]);
	list_end(r, NULL);
	return 0;
}

/* {"scheme" or "channel", "address"}: the address in any form. */
static int read_address(struct request *r, const json_t *o, struct address *out, struct err *err)
{
	struct str scheme, channel, text;
	enum channel c = CHANNEL_SMS;
	enum scheme s;
	int k, m;

	if ((k = input_str(o, "", "scheme", 16, &scheme, err)) < 0 ||
	    (m = input_str(o, "", "channel", 16, &channel, err)) < 0)
		return -1;
	if (k && !scheme_parse(scheme, &s))
		return input_word("", "scheme", scheme, err);
	if (m && (!channel_parse(channel, &c) || c == CHANNEL_NONE))
		return input_word("", "channel", channel, err);
	if (k && !m)
		c = channel_of_scheme(s);
	if (input_str(o, "", "address", ADDRESS_MAX, &text, err) != 1)
		return err->kind ? -1 : input_missing("", "address", err);
	if (!k && !m && memchr(text.p, '@', text.n))
		c = CHANNEL_EMAIL;
	if (address_parse(c, text, app_of(r)->region, out, err)) {
		memcpy(err->field, "/address", 9);
		return -1;
	}
	return 0;
}

static int add_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct uuid survivor;

	c->taken.kind = ERR_NONE;
	if (identity_survivor(db, &c->customer, &survivor, err))
		return -1;
	if (contact_add(db, app_of(r)->events, &survivor, &c->address, c->verified_by, c->label, c->from, c->take, now,
			&c->out, err)) {
		if (strcmp(err->code, "address_taken") != 0)
			return -1;
		c->taken = *err;
		return 0;
	}
	return c->preferred ? contact_label(db, &c->out.id, c->label, true, err) : 0;
}

static int one_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	if (contact_get(db, &c->out.id, &c->out, err))
		return -1;
	request_json(r, strcmp(r->method, "POST") == 0 ? 201 : 200);
	contact_json(&r->json, NULL, &c->out);
	return 0;
}

static int add_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	if (c->taken.kind == ERR_NONE)
		return one_finish(r, db, err);
	request_problem(r, &c->taken);
	return 0;
}

int contact_point_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"scheme",	  "channel", "address",	  "verified_by", "label",
					    "valid_from", "take",    "preferred", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || path_uuid(r, 0, &c->customer, err) || input_object(r, names, &o, err) ||
	    read_address(r, o, &c->address, err) ||
	    text_member(o, "verified_by", c->verified_by, sizeof c->verified_by, err) < 0 ||
	    text_member(o, "label", c->label, sizeof c->label, err) < 0 ||
	    input_time(o, "", "valid_from", &c->from, err) < 0 || input_bool(o, "", "take", &c->take, err) < 0 ||
	    input_bool(o, "", "preferred", &c->preferred, err) < 0)
		return -1;
	r->run = add_run;
	r->finish = add_finish;
	return request_write(r, err);
}

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	if (contact_get(db, &c->id, &c->out, err))
		return -1;
	if (c->set_verified && contact_verify(db, app_of(r)->events, &c->id, c->verified_by, now, err))
		return -1;
	return contact_label(db, &c->id, c->set_label ? c->label : c->out.label,
			     c->set_preferred ? c->preferred : c->out.preferred, err);
}

int contact_point_patch(struct request *r, struct err *err)
{
	static const char *const names[] = {"label", "preferred", "verified_by", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;
	int k;

	if (!c || path_uuid(r, 0, &c->id, err) || input_object(r, names, &o, err))
		return -1;
	if ((k = text_member(o, "label", c->label, sizeof c->label, err)) < 0)
		return -1;
	c->set_label = k;
	if ((k = input_bool(o, "", "preferred", &c->preferred, err)) < 0)
		return -1;
	c->set_preferred = k;
	if ((k = text_member(o, "verified_by", c->verified_by, sizeof c->verified_by, err)) < 0)
		return -1;
	c->set_verified = k && c->verified_by[0];
	r->run = patch_run;
	r->finish = one_finish;
	return request_write(r, err);
}

static int end_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	c->out.id = c->id;
	return contact_end(db, app_of(r)->events, &c->id, now, err);
}

/* Not forgotten: its time ends, and what came by it stays where it is. */
int contact_point_delete(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_uuid(r, 0, &c->id, err))
		return -1;
	r->run = end_run;
	r->finish = one_finish;
	return request_write(r, err);
}
