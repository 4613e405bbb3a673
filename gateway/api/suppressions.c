/* Suppression lists: who gets nothing, whatever was agreed. */
#include "api/api.h"
#include "customer/suppression.h"
#include "timeline/cursor.h"

struct change {
	struct suppression s;
	bool added;
};

/* The channel as named, or by the form of the address. */
static int read_address(struct request *r, struct str text, struct str word, struct address *out, struct err *err)
{
	enum channel c = text.n && memchr(text.p, '@', text.n) ? CHANNEL_EMAIL : CHANNEL_SMS;

	if (word.n && (!channel_parse(word, &c) || c == CHANNEL_NONE))
		return input_word("", "channel", word, err);
	if (address_parse(c, text, app_of(r)->region, out, err)) {
		memcpy(err->field, "/address", 9);
		return -1;
	}
	return 0;
}

/* ---- put on */

static int post_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return suppression_add(db, app_of(r)->events, &c->s, now, &c->added, err);
}

static int post_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	request_json(r, c->added ? 201 : 200);
	return suppression_json(db, &c->s.id, &r->json, NULL, err);
}

static int read_words(struct request *r, const json_t *o, struct suppression *s, struct err *err)
{
	struct str w;
	enum purpose p;
	int k;

	s->purpose = SUPPRESSION_ALL;
	s->source = STR("api");
	if ((k = input_str(o, "", "purpose", 16, &w, err)) < 0)
		return -1;
	if (k && !str_is(w, "all")) {
		if (!purpose_parse(w, &p))
			return input_word("", "purpose", w, err);
		s->purpose = p;
	}
	k = input_str(o, "", "reason", SUPPRESSION_REASON_MAX, &s->reason, err);
	if (k != 1 || !s->reason.n)
		return k < 0 ? -1 : input_missing("", "reason", err);
	if (input_str(o, "", "source", SUPPRESSION_SOURCE_MAX, &s->source, err) < 0)
		return -1;
	return input_json(r, o, "", "proof", &s->proof, err) < 0 ? -1 : 0;
}

int suppression_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"address", "channel", "purpose", "reason", "source", "proof", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	struct str text, word = {0};
	json_t *o;

	if (!c || input_object(r, names, &o, err) || read_words(r, o, &c->s, err) ||
	    input_str(o, "", "channel", 16, &word, err) < 0)
		return -1;
	if (!c->s.source.n)
		c->s.source = STR("api");
	if (input_str(o, "", "address", ADDRESS_MAX, &text, err) != 1)
		return err->kind ? -1 : input_missing("", "address", err);
	if (read_address(r, text, word, &c->s.address, err))
		return -1;
	r->run = post_run;
	r->finish = post_finish;
	return request_write(r, err);
}

/* ---- taken off */

static int delete_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	request_json(r, 200); /* as it was */
	if (suppression_json(db, &c->s.id, &r->json, NULL, err))
		return -1;
	return suppression_remove(db, app_of(r)->events, &c->s.id, now, err);
}

static int delete_finish(struct request *r, struct db *db, struct err *err)
{
	(void)r, (void)db, (void)err;
	return 0;
}

int suppression_delete(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_uuid(r, 0, &c->s.id, err))
		return -1;
	r->run = delete_run;
	r->finish = delete_finish;
	return request_write(r, err);
}

/* ---- looked at */

static int read_query(struct request *r, struct suppression_query *q, struct address *room, struct err *err)
{
	struct str address = request_query(r, "address"), channel = request_query(r, "channel"),
		   at = request_query(r, "cursor");
	struct cursor c = {0};
	enum channel on;

	q->scheme = -1;
	q->reason = request_query(r, "reason");
	if (query_limit(r, &q->limit, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	q->before = c.id;
	if (address.n) {
		q->address = room;
		return read_address(r, address, channel, room, err);
	}
	if (channel.n && (!channel_parse(channel, &on) || on == CHANNEL_NONE))
		return err_set(err, ERR_INVALID, "word_unknown", "channel", "not a channel");
	if (channel.n)
		q->scheme = (int)scheme_of_channel(on);
	return 0;
}

int suppression_list(struct request *r, struct err *err)
{
	struct suppression_query q = {0};
	struct db *db = request_db(r, err);
	struct uuid last = {{0}};
	char next[CURSOR_TEXT];
	struct address room;
	int n;

	if (!db || read_query(r, &q, &room, err))
		return -1;
	list_begin(r);
	n = suppressions_json(db, &q, &r->json, &last, err);
	if (n < 0)
		return -1;
	cursor_text(&(struct cursor){.id = last}, next);
	list_end(r, n == q.limit ? next : NULL);
	return 0;
}

int suppression_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	request_json(r, 200);
	return suppression_json(db, &id, &r->json, NULL, err);
}
