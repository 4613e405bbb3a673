/*
 * From the tree of conditions to one statement.
 *
 * It walks customer_newest, an index with all that a customer is in order of id, and asks each other condition by EXISTS
 * below keys that are in the same order, so that both sides move forward together. `kin` names everybody who is one with a
 * survivor; most customers are one with nobody, so what is asked of it is answered once, for a short list.
 */
#include <stdio.h>
#include <stdlib.h>

#include "segment/private.h"

/* ---- parameters */

static int place(struct sql *s, int i)
{
	if (i == s->params) {
		if (s->params == SQL_PARAMS - 1)
			return err_set(s->err, ERR_SEMANTIC, "segment_too_large", NULL,
				       "these conditions name too many values");
		s->params++;
	}
	buf_addf(&s->text, "$%d", i + 1);
	return 0;
}

int sql_text(struct sql *s, struct str v)
{
	int i = 0;

	while (i < s->params && !(s->param[i].type == PARAM_TEXT && str_eq(s->param[i].text, v)))
		i++;
	s->param[i] = (struct param){.type = PARAM_TEXT, .text = v};
	return place(s, i);
}

int sql_number(struct sql *s, int64_t v)
{
	int i = 0;

	while (i < s->params && !(s->param[i].type == PARAM_NUMBER && s->param[i].number == v))
		i++;
	s->param[i] = (struct param){.type = PARAM_NUMBER, .number = v};
	return place(s, i);
}

int sql_id(struct sql *s, const struct uuid *v)
{
	int i = s->params;

	s->param[i] = (struct param){.type = PARAM_ID, .id = *v};
	return place(s, i);
}

/* ---- joins */

/* What is read for it, from a column of the walk to the messages of a customer. */
static int cost(const struct node *n)
{
	static const int kinds[] = {[NODE_ALL] = 0,	  [NODE_ANY] = 0,     [NODE_NOT] = 0,	  [NODE_WORDS] = 1,
				    [NODE_STAGE] = 1,	  [NODE_CREATED] = 1, [NODE_CHANNEL] = 2, [NODE_CONSENT] = 3,
				    [NODE_ATTRIBUTE] = 4, [NODE_MESSAGE] = 5, [NODE_EVENT] = 6,	  [NODE_SEGMENT] = 7};
	int most = kinds[n->kind];

	for (size_t k = 0; k < n->children_n; k++)
		if (cost(n->children[k]) > most)
			most = cost(n->children[k]);
	return most;
}

static int one_child(struct sql *s, const struct node *n, size_t k, int *written)
{
	if ((*written)++)
		buf_adds(&s->text, n->kind == NODE_ANY ? " OR " : " AND ");
	return sql_node(s, n->children[k]);
}

/* Cheap ones first: the statement's conditions are asked in the order in which they stand. */
static int children(struct sql *s, const struct node *n)
{
	int written = 0;

	buf_addc(&s->text, '(');
	for (int price = 0; price <= 7; price++)
		for (size_t k = 0; k < n->children_n; k++)
			if (cost(n->children[k]) == price && one_child(s, n, k, &written))
				return -1;
	buf_addc(&s->text, ')');
	return 0;
}

/* Requests that name a segment have the conditions in a member of that name. */
static int refuse(struct sql *s, const struct node *n, const char *code, const char *why)
{
	char pointer[sizeof s->err->field];

	snprintf(pointer, sizeof pointer, "/conditions%.56s/in_segment", n->pointer);
	return err_set(s->err, ERR_SEMANTIC, code, pointer, "%s", why);
}

static int named(struct sql *s, const struct node *n)
{
	struct segment *seg;
	int r;

	for (int i = 0; i < s->within_n; i++)
		if (str_eq(s->within[i], n->name))
			return refuse(s, n, "segment_cycle", "a segment that is made of itself");
	if (s->named_n == SQL_SEGMENTS)
		return refuse(s, n, "segment_too_large", "too many segments in segments");
	if (segment_load(s->db, n->name, &seg, s->err))
		return s->err->kind == ERR_NOT_FOUND ? refuse(s, n, "segment_unknown", "there is no such segment") : -1;
	s->named[s->named_n++] = seg;
	s->within[s->within_n++] = n->name;
	r = sql_node(s, seg->root);
	s->within_n--;
	return r;
}

int sql_node(struct sql *s, const struct node *n)
{
	int r;

	if (++s->nodes > 2 * SEGMENT_NODES)
		return err_set(s->err, ERR_SEMANTIC, "segment_too_large", n->pointer,
			       "with the segments it names, a segment has at most %d conditions", 2 * SEGMENT_NODES);
	switch (n->kind) {
	case NODE_ALL:
	case NODE_ANY: return children(s, n);
	case NODE_NOT:
		buf_adds(&s->text, "(NOT ");
		r = sql_node(s, n->children[0]);
		buf_addc(&s->text, ')');
		return r;
	case NODE_SEGMENT: return named(s, n);
	default: return sql_leaf(s, n);
	}
}

/* ---- the whole */

static int kin_of_all(struct sql *s)
{
	buf_adds(&s->text, "SELECT r.id, r.bucket, r.id FROM customer r WHERE r.merged_into IS NULL AND r.id IN"
			   " (SELECT m.merged_into FROM customer m WHERE m.merged_into IS NOT NULL)");
	return 0;
}

static int kin_of_one(struct sql *s, const struct uuid *id)
{
	buf_adds(&s->text, "SELECT r.id, r.bucket, r.id FROM customer r WHERE r.bucket = ");
	if (sql_number(s, uuid_bucket(id)))
		return -1;
	buf_adds(&s->text, " AND r.id = ");
	return sql_id(s, id);
}

static int begin(struct sql *s, enum sql_shape shape, const struct uuid *id)
{
	buf_adds(&s->text, "WITH RECURSIVE kin(root, bucket, member) AS (");
	if (shape == SQL_ONE ? kin_of_one(s, id) : kin_of_all(s))
		return -1;
	buf_adds(&s->text, " UNION ALL SELECT k.root, m.bucket, m.id FROM kin k JOIN customer m ON m.merged_into = "
			   "k.member) SELECT ");
	buf_adds(&s->text, shape == SQL_COUNT ? "COUNT(*)" : "c.id");
	buf_adds(&s->text, " FROM customer c WHERE c.merged_into IS NULL AND ");
	if (shape == SQL_ONE) {
		buf_adds(&s->text, "c.bucket = ");
		if (sql_number(s, uuid_bucket(id)))
			return -1;
	}
	if (shape == SQL_ONE || (shape == SQL_PAGE && id)) {
		buf_adds(&s->text, shape == SQL_ONE ? " AND c.id = " : "c.id > ");
		if (sql_id(s, id))
			return -1;
		buf_adds(&s->text, " AND ");
	}
	return 0;
}

static int end(struct sql *s, enum sql_shape shape, size_t limit)
{
	if (shape == SQL_COUNT || shape == SQL_ONE)
		return 0;
	buf_adds(&s->text, shape == SQL_PAGE ? " ORDER BY c.id LIMIT " : " ORDER BY c.id DESC LIMIT ");
	return sql_number(s, (int64_t)limit);
}

static int whole(struct sql *s)
{
	buf_cstr(&s->text);
	if (!s->text.failed)
		return 0;
	return s->text.n + 4096 > SQL_MAX
		       ? err_set(s->err, ERR_SEMANTIC, "segment_too_large", NULL, "too many conditions")
		       : err_nomem(s->err);
}

int sql_make(struct sql *s, struct db *db, const struct segment *seg, enum sql_shape shape, const struct uuid *id,
	     size_t limit, int64_t now, struct err *err)
{
	*s = (struct sql){.dialect = db_dialect(db), .now = now, .db = db, .err = err};
	buf_init(&s->text, SQL_MAX);
	s->arena = arena_new(1 << 20);
	if (!s->arena)
		return err_nomem(err);
	/* A page goes on where the last one ended and is soon full: it is better off walking. */
	return begin(s, shape, id) || ((shape == SQL_COUNT || shape == SQL_NEWEST) && sql_driver(s, seg->root)) ||
			       sql_node(s, seg->root) || end(s, shape, limit)
		       ? -1
		       : whole(s);
}

int sql_check(struct db *db, const struct segment *seg, struct str name, int64_t now, struct err *err)
{
	struct sql *s = calloc(1, sizeof *s);
	struct err e = {0};
	int r;

	if (!s)
		return err_nomem(err);
	*s = (struct sql){.dialect = db_dialect(db), .now = now, .db = db, .err = err ? err : &e};
	buf_init(&s->text, SQL_MAX);
	s->arena = arena_new(1 << 20);
	s->within[s->within_n++] = name;
	r = s->arena ? sql_node(s, seg->root) : err_nomem(err);
	if (r == 0)
		r = whole(s);
	sql_free(s);
	free(s);
	return r;
}

struct stmt *sql_query(struct sql *s)
{
	struct stmt *q = db_query_once(s->db, buf_cstr(&s->text));

	for (int i = 0; i < s->params; i++) {
		const struct param *p = &s->param[i];
		if (p->type == PARAM_TEXT)
			db_bind_str(q, i + 1, p->text);
		else if (p->type == PARAM_NUMBER)
			db_bind_i64(q, i + 1, p->number);
		else
			db_bind_blob(q, i + 1, p->id.b, sizeof p->id.b);
	}
	return q;
}

void sql_free(struct sql *s)
{
	for (int i = 0; i < s->named_n; i++)
		segment_free(&s->named[i]);
	buf_free(&s->text);
	arena_free(&s->arena);
}
