/*
 * Long texts come in parts: in any order, twice, or not at all. Parts are rows, so they outlive a restart; the one that makes
 * a text whole takes the others with it, in the same transaction in which the message is stored.
 *
 * References are small numbers that handsets use again. A part whose place is taken by another text means that an earlier
 * message never became whole: that one is delivered as it is, and the new one begins.
 */
#include <stdio.h>

#include "base/clock.h"
#include "intake/stages.h"

enum { SWEEP_GROUPS = 100 };

/* One message in the making. */
struct group {
	struct str account, sender, recipient;
	uint32_t ref;
	int width, total;
};

#define GROUP_WHERE " WHERE account = $1 AND sender = $2 AND recipient = $3 AND ref = $4 AND width = $5 AND total = $6"

static void bind_group(struct stmt *q, const struct group *g)
{
	db_bind_str(q, 1, g->account);
	db_bind_str(q, 2, g->sender);
	db_bind_str(q, 3, g->recipient);
	db_bind_i64(q, 4, g->ref);
	db_bind_i64(q, 5, g->width);
	db_bind_i64(q, 6, g->total);
}

static int insert_part(struct pass *p, const struct group *g, const struct inbound *in)
{
	struct stmt *q = db_query(
		p->db, "INSERT INTO inbound_part (account, sender, recipient, ref, width, total, seq, channel, at,"
		       " external_id, content, metadata) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
		       " ON CONFLICT (account, sender, recipient, ref, width, total, seq) DO NOTHING");
	bind_group(q, g);
	db_bind_i64(q, 7, in->part.seq);
	db_bind_i64(q, 8, in->channel);
	db_bind_i64(q, 9, in->at);
	db_bind_str(q, 10, in->external_id);
	db_bind_blob(q, 11, in->text.p ? in->text.p : "", in->text.n); /* may begin or end with half a character */
	db_bind_str(q, 12, in->metadata);
	if (db_run(q, p->err))
		return -1;
	return db_changes(p->db) > 0;
}

/* 1: this very part waits already. */
static int same_part(struct pass *p, const struct group *g, const struct inbound *in)
{
	struct stmt *q = db_query(p->db, "SELECT content, external_id FROM inbound_part" GROUP_WHERE " AND seq = $7");
	bool same = false;
	int r;

	bind_group(q, g);
	db_bind_i64(q, 7, in->part.seq);
	r = db_step(q, p->err);
	if (r == DB_ROW)
		same = str_eq(db_col_str(q, 0), in->text) && str_eq(db_col_str(q, 1), in->external_id);
	db_done(q);
	return r == DB_ERROR ? -1 : same;
}

static int count(struct pass *p, const struct group *g)
{
	struct stmt *q = db_query(p->db, "SELECT COUNT(*) FROM inbound_part" GROUP_WHERE);
	int n = -1;

	bind_group(q, g);
	if (db_step(q, p->err) == DB_ROW)
		n = (int)db_col_i64(q, 0);
	db_done(q);
	return n;
}

/* ---- text: halves of surrogate pairs at the ends of parts, see model/message.h */

enum half { HALF_NONE, HALF_HIGH, HALF_LOW };
static const char replacement[3] = {'\xEF', '\xBF', '\xBD'}; /* U+FFFD, as long as a half */

static enum half half_at(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return b[0] != 0xED || b[1] < 0xA0 ? HALF_NONE : b[1] < 0xB0 ? HALF_HIGH : HALF_LOW;
}

static enum half first_half(struct str s) { return s.n >= 3 ? half_at(s.p) : HALF_NONE; }
static enum half last_half(struct str s) { return s.n >= 3 ? half_at(s.p + s.n - 3) : HALF_NONE; }
static uint32_t bits_of(const char *half) { return ((uint32_t)half[1] & 0xF) << 6 | ((uint32_t)half[2] & 0x3F); }

/* What ends in a half that found no fellow. */
static void tidy(struct buf *text)
{
	if (last_half(buf_str(text)) == HALF_HIGH)
		memcpy(text->p + text->n - 3, replacement, 3);
}

static void join(struct buf *text, struct str part)
{
	bool low = first_half(part) == HALF_LOW;

	if (low && last_half(buf_str(text)) == HALF_HIGH) {
		text->n -= 3;
		buf_add_utf8(text, 0x10000 + (bits_of(text->p + text->n) << 10) + bits_of(part.p));
	} else {
		tidy(text);
		if (low)
			buf_add(text, replacement, 3);
	}
	buf_addstr(text, low ? str_n(part.p + 3, part.n - 3) : part);
}

/* A part that stays alone. */
static struct str without_halves(struct arena *a, struct str s)
{
	struct str tidied = {0};
	struct buf b;

	if (first_half(s) != HALF_LOW && last_half(s) != HALF_HIGH)
		return s;
	buf_init(&b, 1 << 20);
	join(&b, s);
	tidy(&b);
	if (!b.failed)
		tidied = arena_str(a, buf_str(&b));
	buf_free(&b);
	return tidied;
}

/* Puts the parts that are there together, in order, into *in. missing: list of the numbers that are not there. */
static int collect(struct pass *p, const struct group *g, struct inbound *in, struct buf *missing)
{
	struct stmt *q = db_query(p->db, "SELECT seq, channel, at, content, metadata FROM inbound_part" GROUP_WHERE
					 " ORDER BY seq");
	struct buf text;
	int expect = 1, r;

	buf_init(&text, 1 << 20);
	bind_group(q, g);
	while ((r = db_step(q, p->err)) == DB_ROW) {
		int seq = (int)db_col_i64(q, 0);
		int64_t at = db_col_i64(q, 2);
		for (; expect < seq; expect++)
			buf_addf(missing, "%s%d", missing->n ? "," : "", expect);
		expect = seq + 1;
		if (in->at == 0 || at < in->at)
			in->at = at;
		in->channel = (enum channel)db_col_i64(q, 1);
		if (in->metadata.n == 0)
			in->metadata = arena_str(p->arena, db_col_str(q, 4));
		join(&text, db_col_str(q, 3));
	}
	db_done(q);
	for (; expect <= g->total; expect++)
		buf_addf(missing, "%s%d", missing->n ? "," : "", expect);
	tidy(&text);
	in->text = arena_str(p->arena, buf_str(&text));
	if (r != DB_ERROR && (text.failed || missing->failed || !in->text.p))
		r = err_nomem(p->err);
	buf_free(&text);
	return r;
}

static int remove_group(struct pass *p, const struct group *g)
{
	struct stmt *q = db_query(p->db, "DELETE FROM inbound_part" GROUP_WHERE);

	bind_group(q, g);
	return db_run(q, p->err);
}

/* Each part by itself, so that one that the carrier brings again after all is known. */
static int remember_parts(struct pass *p, const struct group *g, const struct inbound *whole)
{
	struct stmt *q =
		db_query(p->db, "SELECT seq, at, external_id, content FROM inbound_part" GROUP_WHERE " AND seq >= $7"
				" ORDER BY seq LIMIT 1");
	static const struct uuid none;
	int next = 1, r;

	for (;;) {
		struct inbound part = *whole;
		bind_group(q, g);
		db_bind_i64(q, 7, next);
		r = db_step(q, p->err);
		if (r == DB_ROW) {
			part.part.ref = g->ref;
			part.part.total = (uint8_t)g->total;
			part.part.width = (uint8_t)g->width;
			part.part.seq = (uint8_t)db_col_i64(q, 0);
			part.at = db_col_i64(q, 1);
			part.external_id = arena_str(p->arena, db_col_str(q, 2));
			part.text = arena_str(p->arena, db_col_str(q, 3));
		}
		db_done(q);
		if (r != DB_ROW)
			return r;
		if (!part.external_id.p || !part.text.p)
			return err_nomem(p->err);
		if (seen_remember(p, &part, &none))
			return -1;
		next = part.part.seq + 1;
	}
}

/* The parts become one inbound; they are gone from the table, and known as seen. */
static int take(struct pass *p, const struct group *g, struct inbound *in)
{
	struct buf missing;
	int r;

	buf_init(&missing, 2048);
	in->at = 0;
	in->external_id = in->metadata = (struct str){0};
	r = collect(p, g, in, &missing);
	p->partial = missing.n > 0;
	if (r == 0 && missing.n) {
		char *member = arena_printf(p->arena, "\"partial\":true,\"missing\":[%s]", buf_cstr(&missing));
		in->metadata = metadata_add(p->arena, in->metadata, member ? member : "");
		if (!member || !in->metadata.p)
			r = err_nomem(p->err);
	}
	buf_free(&missing);
	if (r == 0 && (remember_parts(p, g, in) || remove_group(p, g)))
		r = -1;
	memset(&in->part, 0, sizeof in->part);
	in->external_id = (struct str){0}; /* the parts' ids are remembered; the whole has none of its own */
	return r;
}

/* Somebody else's unfinished text stands where this part belongs. */
static int flush(struct pass *p, const struct group *g, const struct inbound *like)
{
	struct inbound old = *like;
	struct uuid id;
	int r;

	old.reply_token = (struct str){0};
	r = take(p, g, &old) || deliver(p, &old, &id) ? -1 : 0;
	p->partial = false;
	return r;
}

enum assembly assemble(struct pass *p, struct inbound *in)
{
	char sender[SENDER_MAX], recipient[SENDER_MAX];
	struct group g = {
		.account = in->account, .ref = in->part.ref, .width = in->part.width, .total = in->part.total};
	int n;

	if (in->part.seq == 0 || in->part.seq > in->part.total || in->part.total < 2) {
		memset(&in->part, 0, sizeof in->part); /* cannot be placed: better alone than lost */
		in->text = without_halves(p->arena, in->text);
		if (!in->text.p) {
			err_nomem(p->err);
			return ASSEMBLY_FAILED;
		}
		return ASSEMBLY_WHOLE;
	}
	g.sender = sender_key(&in->from, sender);
	g.recipient = sender_key(&in->to, recipient);
	n = insert_part(p, &g, in);
	if (n == 0) {
		n = same_part(p, &g, in);
		if (n == 1)
			return ASSEMBLY_TWICE;
		if (n == 0)
			n = flush(p, &g, in) ? -1 : insert_part(p, &g, in);
	}
	if (n < 0)
		return ASSEMBLY_FAILED;
	n = count(p, &g);
	if (n < g.total)
		return n < 0 ? ASSEMBLY_FAILED : ASSEMBLY_WAITS;
	return take(p, &g, in) ? ASSEMBLY_FAILED : ASSEMBLY_WHOLE;
}

/* One unfinished message that has waited long enough; strings live in the arena. */
static int overdue(struct pass *p, int64_t before, struct group *g)
{
	struct stmt *q =
		db_query(p->db, "SELECT account, sender, recipient, ref, width, total FROM inbound_part WHERE at < $1"
				" ORDER BY at LIMIT 1");
	int r;

	db_bind_i64(q, 1, before);
	r = db_step(q, p->err);
	if (r == DB_ROW) {
		*g = (struct group){.account = arena_str(p->arena, db_col_str(q, 0)),
				    .sender = arena_str(p->arena, db_col_str(q, 1)),
				    .recipient = arena_str(p->arena, db_col_str(q, 2)),
				    .ref = (uint32_t)db_col_i64(q, 3),
				    .width = (int)db_col_i64(q, 4),
				    .total = (int)db_col_i64(q, 5)};
		if (!g->account.p || !g->sender.p || !g->recipient.p)
			r = err_nomem(p->err);
	}
	db_done(q);
	return r;
}

int assemble_sweep(struct pass *p, int64_t before)
{
	int n = 0, r = DB_END;

	for (; n < SWEEP_GROUPS; n++) {
		struct inbound in = {.channel = CHANNEL_SMS};
		struct group g;
		struct uuid id;
		arena_reset(p->arena);
		r = overdue(p, before, &g);
		if (r != DB_ROW)
			break;
		in.account = g.account;
		if (!sender_parse(g.sender, &in.from))
			in.from = (struct address){.scheme = SCHEME_SENDER, .value = "?"};
		sender_parse(g.recipient, &in.to);
		if (take(p, &g, &in) || deliver(p, &in, &id))
			return -1;
	}
	p->partial = false;
	return r == DB_ERROR ? -1 : n;
}
