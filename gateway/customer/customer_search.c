/*
 * Finding customers. A number is looked up in the contact points, an external id by itself, words in the full-text index
 * (names, attributes and the texts of messages). Each gives ids, newest first; a merged customer is shown as its survivor.
 * Hits are gathered before they are paged, because the id that a page is sorted by is the survivor's, not the hit's.
 */
#include <stdlib.h>

#include "customer/identity.h"
#include "store/fulltext.h"

enum { LOOK_AT = 2000 }; /* hits of one search; what is older is not found */

struct hits {
	struct db *db;
	struct uuid ids[LOOK_AT];
	size_t n;
	int failed;
};

static void add(struct hits *h, const struct uuid *id)
{
	struct uuid survivor;
	struct err e = {0};

	if (h->n < LOOK_AT && identity_survivor(h->db, id, &survivor, &e) == 0) /* the index may name who is no more */
		h->ids[h->n++] = survivor;
}

static void add_hit(void *arg, const struct fulltext_hit *t) { add(arg, &t->customer); }

static int by_rows(struct hits *h, struct stmt *q, struct err *err)
{
	struct uuid id;
	int r;

	while ((r = db_step(q, err)) == DB_ROW)
		if (db_col_uuid(q, 0, &id))
			add(h, &id);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

/* Addresses that begin with the text: the range up to the text with its last byte raised. */
static int by_number(struct hits *h, struct str prefix, struct err *err)
{
	struct stmt *q = db_query(h->db, "SELECT customer_id FROM contact_point WHERE address >= $1 AND address < $2"
					 " ORDER BY address LIMIT 2000");
	struct buf end;
	int r;

	buf_init(&end, 512);
	buf_addstr(&end, prefix);
	buf_adds(&end, "\xf4\x8f\xbf\xbf"); /* the greatest code point */
	db_bind_str(q, 1, prefix);
	db_bind_str(q, 2, buf_str(&end));
	r = by_rows(h, q, err);
	buf_free(&end);
	return r;
}

static int by_attribute(struct hits *h, const struct customer_query *c, struct err *err)
{
	struct stmt *q = db_query(h->db, "SELECT customer_id FROM customer_attribute WHERE key = $1 AND value = $2"
					 " ORDER BY customer_id DESC LIMIT 2000");

	db_bind_str(q, 1, c->attribute_key);
	db_bind_str(q, 2, c->attribute_value);
	return by_rows(h, q, err);
}

static int by_age(struct hits *h, const struct customer_query *c, struct err *err)
{
	/* The id grows with time, so newest first is the order of ids. */
	struct stmt *q = db_query(h->db, "SELECT id FROM customer WHERE merged_into IS NULL AND id < $1"
					 " AND ($2 < 0 OR stage = $2) ORDER BY id DESC LIMIT $3");
	struct uuid after = c->after;

	if (uuid_is_nil(&after))
		memset(&after, 0xff, sizeof after);
	db_bind_uuid(q, 1, &after);
	db_bind_i64(q, 2, c->by_stage ? (int64_t)c->stage : -1);
	db_bind_i64(q, 3, c->limit < LOOK_AT ? c->limit : LOOK_AT);
	return by_rows(h, q, err);
}

static bool numeric(struct str s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			digits++;
		else if (!strchr("+ -/().", s.p[i]))
			return false;
	}
	return digits >= 3;
}

/* What is stored is "+49151234…": the beginning of it is found by its digits, a whole number in any form it is written in. */
static int by_digits(struct hits *h, struct str text, const char *region, struct err *err)
{
	struct buf digits;
	struct address a;
	int r;

	buf_init(&digits, 64);
	buf_addc(&digits, '+');
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= '0' && text.p[i] <= '9')
			buf_addc(&digits, text.p[i]);
	r = digits.failed ? 0 : by_number(h, buf_str(&digits), err); /* longer than any number: finds nothing */
	if (r == 0 && address_parse(CHANNEL_SMS, text, region, &a, NULL) == 0 && !str_is(buf_str(&digits), a.value))
		r = by_number(h, str_of(a.value), err);
	buf_free(&digits);
	return r;
}

static int by_words(struct hits *h, struct str words, const char *region, struct err *err)
{
	struct uuid id;
	struct err e = {0};

	if (customer_by_external_id(h->db, words, &id, &e) == 0)
		add(h, &id);
	if (numeric(words)) {
		if (by_digits(h, words, region, err))
			return -1;
	} else if (memchr(words.p, '@', words.n) && by_number(h, words, err)) {
		return -1;
	}
	return fulltext_query(h->db, 1u << FULLTEXT_CUSTOMER | 1u << FULLTEXT_INTERACTION, words, 0, LOOK_AT, add_hit,
			      h, err);
}

static int newest_first(const void *a, const void *b) { return memcmp(b, a, sizeof(struct uuid)); }

static int show(struct hits *h, const struct customer_query *q, void (*fn)(void *arg, const struct customer *c),
		void *arg, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	int shown = 0;

	if (!a)
		return err_nomem(err);
	qsort(h->ids, h->n, sizeof *h->ids, newest_first);
	for (size_t i = 0; i < h->n && shown < q->limit; i++) {
		struct customer c;
		if (i > 0 && uuid_eq(&h->ids[i], &h->ids[i - 1]))
			continue;
		if (!uuid_is_nil(&q->after) && memcmp(&h->ids[i], &q->after, sizeof q->after) >= 0)
			continue;
		arena_reset(a);
		if (customer_get(h->db, &h->ids[i], a, &c, err)) {
			arena_free(&a);
			return -1;
		}
		if (q->by_stage && c.stage != q->stage)
			continue;
		fn(arg, &c);
		shown++;
	}
	arena_free(&a);
	return 0;
}

int customer_search(struct db *db, const struct customer_query *q, void (*fn)(void *arg, const struct customer *c),
		    void *arg, struct err *err)
{
	struct hits *h = calloc(1, sizeof *h);
	struct str words = str_trim(q->q);
	int r;

	if (!h)
		return err_nomem(err);
	h->db = db;
	if (words.n)
		r = by_words(h, words, q->region, err);
	else if (q->number.n)
		r = numeric(q->number) ? by_digits(h, q->number, q->region, err) : by_number(h, q->number, err);
	else if (q->attribute_key.n)
		r = by_attribute(h, q, err);
	else
		r = by_age(h, q, err);
	if (r == 0)
		r = show(h, q, fn, arg, err);
	free(h);
	return r;
}
