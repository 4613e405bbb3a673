/* Conditions that hold no others, as SQL over the customer c. */
#include <stdio.h>

#include "base/clock.h"
#include "segment/private.h"

/*
 * What somebody of the merge set has or did, so often: the customer itself, or, in one list for all that are merged, the
 * sum over those who are one. body writes the conditions that follow "alias.customer_id = ...".
 */
struct had {
	const char *from, *alias;
	bool bucket; /* the table has one in its key */
	int64_t at_least;
	int (*body)(struct sql *s, const struct node *n);
};

static int had(struct sql *s, const struct node *n, const struct had *h)
{
	const char *a = h->alias, *bucket = h->bucket ? "bucket" : NULL;

	buf_adds(&s->text, h->at_least > 1 ? "((SELECT COUNT(*) FROM " : "(EXISTS (SELECT 1 FROM ");
	buf_adds(&s->text, h->from);
	buf_addf(&s->text, " WHERE %s.customer_id = c.id", a);
	if (bucket)
		buf_addf(&s->text, " AND %s.bucket = c.bucket", a);
	if (h->body(s, n))
		return -1;
	buf_adds(&s->text, h->at_least > 1 ? ") >= " : ")");
	if (h->at_least > 1 && sql_number(s, h->at_least))
		return -1;
	buf_addf(&s->text, " OR c.id IN (SELECT k.root FROM kin k CROSS JOIN %s WHERE %s.customer_id = k.member",
		 h->from, a);
	if (bucket)
		buf_addf(&s->text, " AND %s.bucket = k.bucket", a);
	if (h->body(s, n))
		return -1;
	if (h->at_least > 1) {
		buf_adds(&s->text, " GROUP BY k.root HAVING COUNT(*) >= ");
		if (sql_number(s, h->at_least))
			return -1;
	}
	buf_adds(&s->text, "))");
	return 0;
}

/* ---- what the customer is */

/* "de" is also "de-AT": from "de-" up to, but not with, the sign after the hyphen. */
static int in_language(struct sql *s, struct str tag)
{
	const char *from = arena_printf(s->arena, "%.*s-", (int)tag.n, tag.p),
		   *to = arena_printf(s->arena, "%.*s.", (int)tag.n, tag.p);

	if (!from || !to)
		return err_nomem(s->err);
	buf_adds(&s->text, " OR (c.locale >= ");
	if (sql_text(s, str_of(from)))
		return -1;
	buf_adds(&s->text, " AND c.locale < ");
	if (sql_text(s, str_of(to)))
		return -1;
	buf_addc(&s->text, ')');
	return 0;
}

static int words(struct sql *s, const struct node *n)
{
	buf_addf(&s->text, "(c.%s IN (", n->column);
	for (size_t k = 0; k < n->values_n; k++) {
		if (k)
			buf_adds(&s->text, ", ");
		if (sql_text(s, n->values[k].text))
			return -1;
	}
	buf_addc(&s->text, ')');
	for (size_t k = 0; strcmp(n->column, "locale") == 0 && k < n->values_n; k++)
		if (in_language(s, n->values[k].text))
			return -1;
	buf_addc(&s->text, ')');
	return 0;
}

static int stages(struct sql *s, const struct node *n)
{
	enum stage stage;

	buf_adds(&s->text, "(c.stage IN (");
	for (size_t k = 0; k < n->values_n; k++) {
		if (k)
			buf_adds(&s->text, ", ");
		stage_parse(n->values[k].text, &stage);
		if (sql_number(s, stage))
			return -1;
	}
	buf_adds(&s->text, "))");
	return 0;
}

static int created(struct sql *s, const struct node *n)
{
	buf_adds(&s->text, "(c.created_at IS NOT NULL");
	if (sql_times(s, &n->tests, "c.created_at"))
		return -1;
	buf_addc(&s->text, ')');
	return 0;
}

static int attribute(struct sql *s, const struct node *n)
{
	buf_addf(&s->text,
		 "(%s (SELECT 1 FROM customer_attribute a WHERE a.key = ", n->tests.absent ? "NOT EXISTS" : "EXISTS");
	if (sql_text(s, n->name))
		return -1;
	buf_adds(&s->text, " AND a.customer_id = c.id");
	if (sql_tests(s, &n->tests, "a"))
		return -1;
	buf_adds(&s->text, "))");
	return 0;
}

/* ---- what it has */

static int contact_body(struct sql *s, const struct node *n)
{
	if (n->channel != CHANNEL_NONE) {
		buf_adds(&s->text, " AND p.scheme = ");
		if (sql_number(s, scheme_of_channel(n->channel)))
			return -1;
	}
	buf_adds(&s->text, " AND (p.valid_to IS NULL OR p.valid_to > ");
	if (sql_number(s, s->now))
		return -1;
	buf_adds(&s->text, ") AND p.valid_from <= ");
	if (sql_number(s, s->now))
		return -1;
	if (n->verified)
		buf_adds(&s->text, " AND p.verified_by IS NOT NULL");
	return 0;
}

/* Nothing said, or "unknown" said, is the same: no bits. */
static int consent_body(struct sql *s, const struct node *n)
{
	if (contact_body(s, n))
		return -1;
	buf_addf(&s->text, " AND ((p.consents >> %d) & 3) = ", 2 * (int)n->purpose);
	return sql_number(s, n->state);
}

/* ---- what it did */

static int message_body(struct sql *s, const struct node *n)
{
	struct uuid since = uuid7_floor(sql_since(s, &n->tests));

	buf_adds(&s->text, " AND i.id >= ");
	if (sql_id(s, &since))
		return -1;
	buf_addf(&s->text, " AND i.kind = %d AND i.direction = ", KIND_MESSAGE);
	if (sql_number(s, n->direction))
		return -1;
	if (n->channel != CHANNEL_NONE) {
		buf_adds(&s->text, " AND i.channel = ");
		if (sql_number(s, n->channel))
			return -1;
	}
	return sql_times(s, &n->tests, "i.at");
}

static int where(struct sql *s, const struct where *w)
{
	buf_addf(&s->text, " AND %s (SELECT 1 FROM event_value w WHERE w.name = e.name AND w.key = ",
		 w->tests.absent ? "NOT EXISTS" : "EXISTS");
	if (sql_text(s, w->key))
		return -1;
	buf_adds(&s->text, " AND w.customer_id = e.customer_id AND w.at = e.at AND w.id = e.id");
	if (sql_tests(s, &w->tests, "w"))
		return -1;
	buf_addc(&s->text, ')');
	return 0;
}

/* The first test of the data is read where the events themselves are: below name and key, in order of customers. */
static int event_body(struct sql *s, const struct node *n)
{
	bool first = n->where_n > 0 && !n->where[0].tests.absent;

	buf_adds(&s->text, " AND e.name = ");
	if (sql_text(s, n->name))
		return -1;
	buf_adds(&s->text, " AND e.key = ");
	if (sql_text(s, first ? n->where[0].key : STR("")))
		return -1;
	if (sql_times(s, &n->tests, "e.at") || (first && sql_tests(s, &n->where[0].tests, "e")))
		return -1;
	for (size_t k = first; k < n->where_n; k++)
		if (where(s, &n->where[k]))
			return -1;
	return 0;
}

int sql_leaf(struct sql *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_WORDS: return words(s, n);
	case NODE_STAGE: return stages(s, n);
	case NODE_CREATED: return created(s, n);
	case NODE_ATTRIBUTE: return attribute(s, n);
	case NODE_CHANNEL: return had(s, n, &(struct had){"contact_point p", "p", false, 1, contact_body});
	case NODE_CONSENT: return had(s, n, &(struct had){"contact_point p", "p", false, 1, consent_body});
	case NODE_MESSAGE: return had(s, n, &(struct had){"interaction i", "i", true, n->at_least, message_body});
	case NODE_EVENT: return had(s, n, &(struct had){"event_value e", "e", false, n->at_least, event_body});
	case NODE_ALL:
	case NODE_ANY:
	case NODE_NOT:
	case NODE_SEGMENT: break;
	}
	return err_set(s->err, ERR_INTERNAL, "segment_kind", n->pointer, "not a condition by itself");
}
