/*
 * What came twice is stored once. With a carrier's id: the id, within account and sender, for as long as it is kept. Without
 * one: the same text from the same sender to the same recipient within dedupe_window (off by default, since people do say
 * the same thing twice). A part has its place in its message as well, and is known by it for as long as a message may
 * wait for its parts. The table's unique key stands behind it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "intake/stages.h"

enum { REF_MAX = 320, FORGET_ROWS = 5000 };

static bool is_part(const struct inbound *in) { return in->part.total > 1; }

static void hash(const struct inbound *in, char out[33])
{
	uint8_t sum[SHA256_LEN];
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_adds(&b, in->to.value);
	buf_addc(&b, 0);
	buf_addstr(&b, in->text);
	for (size_t i = 0; i < in->attachments_n; i++)
		buf_adds(&b, in->attachments[i].sha256);
	crypto_sha256(buf_str(&b), sum);
	crypto_hex(sum, 16, out);
	buf_free(&b);
}

/* The key and how long it holds; .p NULL where nothing tells one from another. */
static struct str ref_of(const struct pass *p, const struct inbound *in, char out[REF_MAX], int64_t *holds)
{
	char digest[33];
	int n;

	if (in->external_id.n) {
		uint8_t sum[SHA256_LEN];
		*holds = INT64_MAX;
		if (in->external_id.n < REF_MAX - 4) {
			n = snprintf(out, REF_MAX, "id:%.*s", (int)in->external_id.n, in->external_id.p);
			return str_n(out, (size_t)n);
		}
		crypto_sha256(in->external_id, sum); /* longer than any carrier's */
		crypto_hex(sum, 16, digest);
		n = snprintf(out, REF_MAX, "long:%s", digest);
		return str_n(out, (size_t)n);
	}
	*holds = is_part(in) ? p->k->c.part_timeout : p->k->c.dedupe_window;
	if (*holds <= 0)
		return (struct str){0};
	hash(in, digest);
	n = is_part(in) ? snprintf(out, REF_MAX, "part:%u/%u/%u/%u:%s", in->part.ref, in->part.width, in->part.total,
				   in->part.seq, digest)
			: snprintf(out, REF_MAX, "text:%s", digest);
	return str_n(out, (size_t)n);
}

int seen(struct pass *p, const struct inbound *in, struct uuid *id)
{
	char ref_room[REF_MAX], sender[SENDER_MAX];
	int64_t holds, at = 0;
	struct str ref = ref_of(p, in, ref_room, &holds);
	struct stmt *q;
	int r;

	*id = (struct uuid){{0}};
	if (!ref.p)
		return 0;
	q = db_query(p->db,
		     "SELECT interaction_id, at FROM inbound_seen WHERE account = $1 AND sender = $2 AND ref = $3");
	db_bind_str(q, 1, in->account);
	db_bind_str(q, 2, sender_key(&in->from, sender));
	db_bind_str(q, 3, ref);
	r = db_step(q, p->err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, id);
		at = db_col_i64(q, 1);
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	return r == DB_ROW && (holds == INT64_MAX || in->at - at < holds);
}

int seen_remember(struct pass *p, const struct inbound *in, const struct uuid *id)
{
	char ref_room[REF_MAX], sender[SENDER_MAX];
	int64_t holds;
	struct str ref = ref_of(p, in, ref_room, &holds);
	struct stmt *q;

	if (!ref.p)
		return 0;
	/* Only what has ceased to hold is written over; two of one id in one moment meet at the key. */
	q = db_query(p->db,
		     "INSERT INTO inbound_seen (account, sender, ref, interaction_id, at) VALUES ($1, $2, $3, $4, $5)"
		     " ON CONFLICT (account, sender, ref) DO UPDATE SET interaction_id = excluded.interaction_id,"
		     " at = excluded.at");
	db_bind_str(q, 1, in->account);
	db_bind_str(q, 2, sender_key(&in->from, sender));
	db_bind_str(q, 3, ref);
	db_bind_uuid(q, 4, id);
	db_bind_i64(q, 5, in->at);
	return db_run(q, p->err);
}

/* There is no index on time, which every inbound would have to pay for: the table is walked by its key, some thousand rows
 * a sweep, round and round. forget_after is the last key: three texts, each ended by NUL. */
static void bind_after(struct stmt *q, const struct buf *b, int first)
{
	struct str rest = buf_str(b);

	for (int i = 0; i < 3; i++) {
		size_t n = strnlen(rest.p, rest.n), step = n < rest.n ? n + 1 : n;
		db_bind_str(q, first + i, str_n(rest.p, n));
		rest = str_n(rest.p + step, rest.n - step);
	}
}

int seen_forget(struct pass *p, int64_t before)
{
	struct buf *after = &p->k->forget_after, last;
	struct stmt *q = db_query(
		p->db, "SELECT account, sender, ref FROM inbound_seen WHERE (account, sender, ref) > ($1, $2, $3)"
		       " ORDER BY account, sender, ref LIMIT 1 OFFSET $4");
	int r;

	buf_init(&last, 4096);
	bind_after(q, after, 1);
	db_bind_i64(q, 4, FORGET_ROWS);
	r = db_step(q, p->err);
	for (int i = 0; r == DB_ROW && i < 3; i++) {
		buf_addstr(&last, db_col_str(q, i));
		buf_addc(&last, 0);
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	q = r == DB_ROW ? db_query(p->db, "DELETE FROM inbound_seen WHERE (account, sender, ref) > ($1, $2, $3)"
					  " AND (account, sender, ref) <= ($5, $6, $7) AND at < $4")
			: db_query(p->db,
				   "DELETE FROM inbound_seen WHERE (account, sender, ref) > ($1, $2, $3) AND at < $4");
	bind_after(q, after, 1);
	db_bind_i64(q, 4, before);
	if (r == DB_ROW)
		bind_after(q, &last, 5);
	buf_free(after);
	*after = last; /* empty at the end: round again */
	return db_run(q, p->err);
}
