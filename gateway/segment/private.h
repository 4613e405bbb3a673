/* Inside segment/: the tree of conditions, and the statement that is made of it. */
#pragma once
#include "customer/value.h"
#include "model/address.h"
#include "segment/segment.h"

enum node_kind {
	NODE_ALL,
	NODE_ANY,
	NODE_NOT,
	NODE_WORDS,   /* tier, locale, time_zone: column, values */
	NODE_STAGE,   /* values as numbers */
	NODE_CREATED, /* tests */
	NODE_ATTRIBUTE,
	NODE_CHANNEL,
	NODE_CONSENT,
	NODE_MESSAGE,
	NODE_EVENT,
	NODE_SEGMENT
};

enum op {
	OP_IS,
	OP_IN,
	OP_ABOVE,
	OP_AT_LEAST,
	OP_BELOW,
	OP_AT_MOST,
	OP_BEGINS,
	OP_CONTAINS,
	OP_EXISTS,
	OP_WITHIN,     /* at: how long */
	OP_OLDER_THAN, /* at: how long */
	OP_AFTER,
	OP_BEFORE
};

/* Strings point into the JSON tree or the arena. */
struct literal {
	enum value_type type;
	struct str text; /* of a number: decimal */
};

struct test {
	enum op op;
	const struct literal *values;
	size_t n;
	int64_t at;
};

struct tests {
	struct test *v;
	size_t n;
	bool absent; /* "exists": false */
};

/* One member of an event's data. */
struct where {
	struct str key;
	struct tests tests;
};

struct node {
	enum node_kind kind;
	const struct node **children;
	size_t children_n;
	struct str name; /* of the attribute, event or segment */
	const char *column;
	const struct literal *values;
	size_t values_n;
	struct tests tests;
	struct where *where;
	size_t where_n;
	enum channel channel; /* NONE: any */
	enum purpose purpose;
	enum consent_state state;
	enum direction direction;
	bool verified;	  /* wanted */
	int64_t at_least; /* how often */
	char pointer[80]; /* of the node, for errors */
};

struct segment {
	json_t *json;
	struct arena *arena;
	const struct node *root;
};

/* ---- reading (parse.c, parse_test.c) */
struct reader {
	struct arena *arena;
	int nodes;
	struct err *err;
};

/* -1 with the pointer "at/name" (name may be NULL). */
int bad(struct reader *r, const char *at, const char *name, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
#ifdef __clang_analyzer__ /* looks at one file at a time */
#define bad(...) ((void)bad(__VA_ARGS__), -1)
#endif
/* Which of the members are tests. */
bool is_test(const char *name, bool times_only);
/* All members of o that are tests. times_only: at_least is none (it says how often). */
int read_tests(struct reader *r, const json_t *o, const char *at, bool times_only, struct tests *out);
/* A word or a list of words. */
int read_words(struct reader *r, const json_t *o, const char *at, const char *name, struct node *out);
int read_text(struct reader *r, const json_t *o, const char *at, const char *name, size_t max, struct str *out);
/* The leaf of this kind (parse_leaf.c). */
int read_leaf(struct reader *r, const json_t *o, const char *at, struct node *out);

/* ---- the statement (sql.c, sql_leaf.c, sql_test.c) */
enum { SQL_PARAMS = 120, SQL_SEGMENTS = 16, SQL_MAX = 128 << 10 };

struct param {
	struct str text;
	int64_t number;
	struct uuid id;
	enum { PARAM_TEXT, PARAM_NUMBER, PARAM_ID } type;
};

struct sql {
	struct buf text;
	struct param param[SQL_PARAMS];
	int params;
	int nodes;
	enum db_dialect dialect;
	int64_t now;
	struct db *db; /* segments that it names are read here */
	struct segment *named[SQL_SEGMENTS];
	int named_n;
	struct str within[SQL_SEGMENTS]; /* the names that we are in, against circles */
	int within_n;
	struct arena *arena; /* texts made for it: where ranges end */
	struct err *err;
};

enum sql_shape { SQL_COUNT, SQL_PAGE, SQL_NEWEST, SQL_ONE };

/* Begins, writes it all for a shape, and releases. The statement lives until sql_free. */
int sql_make(struct sql *s, struct db *db, const struct segment *seg, enum sql_shape shape, const struct uuid *id,
	     size_t limit, int64_t now, struct err *err);
/* Could it be made, for a segment of this name (which it may not be made of)? */
int sql_check(struct db *db, const struct segment *seg, struct str name, int64_t now, struct err *err);
struct stmt *sql_query(struct sql *s);
void sql_free(struct sql *s);

/* Writes "c.id IN (...) AND " if few can be in it (sql_driver.c). */
int sql_driver(struct sql *s, const struct node *root);
int sql_node(struct sql *s, const struct node *n);
int sql_leaf(struct sql *s, const struct node *n);
/* " AND ..." for each test. value, num, type: the columns. */
int sql_tests(struct sql *s, const struct tests *t, const char *alias);
/* " AND column ..." for times kept in microseconds in a BIGINT column. */
int sql_times(struct sql *s, const struct tests *t, const char *column);
/* Before which none of them lets anything be; 0: there is no such time. */
int64_t sql_since(const struct sql *s, const struct tests *t);
/* Each writes "$n". -1: too many. */
int sql_text(struct sql *s, struct str v);
int sql_number(struct sql *s, int64_t v);
int sql_id(struct sql *s, const struct uuid *v);
