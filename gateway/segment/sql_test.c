/* Tests as SQL. Each looks at values of its own type only. */
#include "segment/private.h"

static int of_text(struct sql *s, const char *a)
{
	buf_addf(&s->text, " AND %s.type IN (%d, %d)", a, VALUE_TEXT, VALUE_TIME);
	return 0;
}

static int as_number(struct sql *s, struct str v)
{
	int r;

	buf_adds(&s->text, "CAST(");
	r = sql_text(s, v);
	buf_adds(&s->text, " AS DOUBLE PRECISION)");
	return r;
}

/* One of a list; all values are of one type. */
static int is_in(struct sql *s, const struct test *t, const char *a)
{
	bool number = t->values[0].type == VALUE_NUMBER;

	if (t->values[0].type == VALUE_TEXT)
		of_text(s, a);
	else
		buf_addf(&s->text, " AND %s.type = %d", a, t->values[0].type);
	buf_addf(&s->text, " AND %s.%s IN (", a, number ? "num" : "value");
	for (size_t k = 0; k < t->n; k++) {
		if (k)
			buf_adds(&s->text, ", ");
		if (number ? as_number(s, t->values[k].text) : sql_text(s, t->values[k].text))
			return -1;
	}
	buf_addc(&s->text, ')');
	return 0;
}

static int compares(struct sql *s, const struct test *t, const char *a)
{
	static const char *const signs[] = {
		[OP_ABOVE] = ">", [OP_AT_LEAST] = ">=", [OP_BELOW] = "<", [OP_AT_MOST] = "<="};

	buf_addf(&s->text, " AND %s.type = %d AND %s.num %s ", a, VALUE_NUMBER, a, signs[t->op]);
	return as_number(s, t->values[0].text);
}

/* Strings compare by bytes in both stores, so a beginning is a range. */
static int begins(struct sql *s, const struct test *t, const char *a)
{
	struct str text = t->values[0].text;
	const char *end =
		arena_printf(s->arena, "%.*s\xf4\x8f\xbf\xbf", (int)text.n, text.p); /* the greatest code point */

	of_text(s, a);
	buf_addf(&s->text, " AND %s.value >= ", a);
	if (sql_text(s, text))
		return -1;
	if (!end)
		return err_nomem(s->err);
	buf_addf(&s->text, " AND %s.value < ", a);
	return sql_text(s, str_of(end));
}

static int contains(struct sql *s, const struct test *t, const char *a)
{
	int r;

	of_text(s, a);
	buf_addf(&s->text, " AND %s(%s.value, ", s->dialect == DB_SQLITE ? "instr" : "strpos", a);
	r = sql_text(s, t->values[0].text);
	buf_adds(&s->text, ") > 0");
	return r;
}

/* The point in time, and on which side of it. */
static int64_t point(const struct sql *s, const struct test *t, const char **sign)
{
	*sign = t->op == OP_WITHIN ? ">=" : t->op == OP_AFTER ? ">" : "<";
	return t->op == OP_WITHIN || t->op == OP_OLDER_THAN ? s->now - t->at : t->at;
}

static int when(struct sql *s, const struct test *t, const char *a)
{
	const char *sign;
	int64_t at = point(s, t, &sign);
	int r;

	buf_addf(&s->text, " AND %s.type = %d AND %s.num %s CAST(", a, VALUE_TIME, a, sign);
	r = sql_number(s, at);
	buf_adds(&s->text, " AS DOUBLE PRECISION)");
	return r;
}

static int one(struct sql *s, const struct test *t, const char *a)
{
	switch (t->op) {
	case OP_IS:
	case OP_IN: return is_in(s, t, a);
	case OP_ABOVE:
	case OP_AT_LEAST:
	case OP_BELOW:
	case OP_AT_MOST: return compares(s, t, a);
	case OP_BEGINS: return begins(s, t, a);
	case OP_CONTAINS: return contains(s, t, a);
	case OP_EXISTS: return 0;
	case OP_WITHIN:
	case OP_OLDER_THAN:
	case OP_AFTER:
	case OP_BEFORE: break;
	}
	return when(s, t, a);
}

int sql_tests(struct sql *s, const struct tests *t, const char *alias)
{
	for (size_t k = 0; k < t->n; k++)
		if (one(s, &t->v[k], alias))
			return -1;
	return 0;
}

int sql_times(struct sql *s, const struct tests *t, const char *column)
{
	for (size_t k = 0; k < t->n; k++) {
		const char *sign;
		int64_t at = point(s, &t->v[k], &sign);
		buf_addf(&s->text, " AND %s %s ", column, sign);
		if (sql_number(s, at))
			return -1;
	}
	return 0;
}

int64_t sql_since(const struct sql *s, const struct tests *t)
{
	int64_t since = 0;

	for (size_t k = 0; k < t->n; k++) {
		const char *sign;
		int64_t at = point(s, &t->v[k], &sign);
		if (sign[0] == '>' && at > since)
			since = at;
	}
	return since;
}
