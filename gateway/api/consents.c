/* Consent by address and purpose. */
#include "api/api.h"

int consent_list(struct request *r, struct err *err)
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
		if (consent_json(db, &v[i].address, &r->json, NULL, err))
			return -1;
	list_end(r, NULL);
	return 0;
}

struct setting_ {
	struct address address;
	enum purpose purpose;
	enum consent_state state;
	char source[40];
	struct str proof;
};

static int put_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct setting_ *s = r->state;
	struct identity who;
	bool changed;

	/* Whoever owns the address has it on the timeline of changes; an unknown one becomes a prospect. */
	if (identity_resolve(db, app_of(r)->events, &s->address, (struct str){0}, 0, now, &who, err))
		return -1;
	return consent_set(db, app_of(r)->events, &s->address, &who.contact.customer, s->purpose, s->state, s->source,
			   s->proof, now, &changed, err);
}

static int put_finish(struct request *r, struct db *db, struct err *err)
{
	struct setting_ *s = r->state;

	request_json(r, 200);
	return consent_json(db, &s->address, &r->json, NULL, err);
}

static int read_words(const json_t *o, struct setting_ *s, struct err *err)
{
	struct str w;

	if (input_str(o, "", "purpose", 16, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "purpose", err);
	if (!consent_purpose_parse(w, &s->purpose))
		return input_word("", "purpose", w, err);
	if (input_str(o, "", "state", 16, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "state", err);
	if (!consent_parse(w, &s->state) || s->state == CONSENT_UNKNOWN)
		return input_word("", "state", w, err);
	if (input_str(o, "", "source", sizeof s->source - 1, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "source", err);
	memcpy(s->source, w.p, w.n);
	return 0;
}

int consent_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"address", "channel", "purpose", "state", "source", "proof", NULL};
	struct setting_ *s = state_new(r, sizeof *s, err);
	struct str text, word = {0};
	enum channel c;
	json_t *o;

	if (!s || input_object(r, names, &o, err) || read_words(o, s, err) ||
	    input_str(o, "", "channel", 16, &word, err) < 0 || input_json(r, o, "", "proof", &s->proof, err) < 0)
		return -1;
	if (input_str(o, "", "address", ADDRESS_MAX, &text, err) != 1)
		return err->kind ? -1 : input_missing("", "address", err);
	c = memchr(text.p, '@', text.n) ? CHANNEL_EMAIL : CHANNEL_SMS;
	if (word.n && (!channel_parse(word, &c) || c == CHANNEL_NONE))
		return input_word("", "channel", word, err);
	if (address_parse(c, text, app_of(r)->region, &s->address, err)) {
		memcpy(err->field, "/address", 9);
		return -1;
	}
	r->run = put_run;
	r->finish = put_finish;
	return request_write(r, err);
}
