/* What the columns of a CSV file are. */
#include <stdio.h>

#include "import/row.h"

static const struct {
	const char *name;
	enum column_kind kind;
} plain[] = {
	{"-", COLUMN_IGNORED},
	{"external_id", COLUMN_EXTERNAL_ID},
	{"name", COLUMN_NAME},
	{"locale", COLUMN_LOCALE},
	{"time_zone", COLUMN_TIME_ZONE},
	{"tier", COLUMN_TIER},
	{"stage", COLUMN_STAGE},
	{"phone", COLUMN_PHONE},
	{"email", COLUMN_EMAIL},
	{"event", COLUMN_EVENT},
	{"at", COLUMN_AT},
	{"event_id", COLUMN_EVENT_ID},
	{"text", COLUMN_TEXT},
	{"reason", COLUMN_REASON},
	{"source", COLUMN_SOURCE},
	{"purpose", COLUMN_PURPOSE},
};

static bool after(struct str s, const char *prefix, struct str *rest)
{
	size_t n = strlen(prefix);

	if (s.n <= n || memcmp(s.p, prefix, n) != 0)
		return false;
	*rest = str_n(s.p + n, s.n - n);
	return true;
}

static bool read_type(struct str word, enum cell_type *out)
{
	static const char *const words[] = {
		[CELL_TEXT] = "text", [CELL_NUMBER] = "number", [CELL_BOOLEAN] = "boolean", [CELL_TIME] = "time"};

	for (int k = CELL_TEXT; k <= CELL_TIME; k++)
		if (str_is(word, words[k])) {
			*out = (enum cell_type)k;
			return true;
		}
	return false;
}

/* KEY, or KEY:TYPE; a colon that no type follows belongs to the key. */
static bool read_key(struct str s, struct column *out)
{
	const char *colon = memrchr(s.p, ':', s.n);

	if (colon && read_type(str_n(colon + 1, (size_t)(s.p + s.n - colon) - 1), &out->type))
		s.n = (size_t)(colon - s.p);
	if (s.n == 0 || s.n > ROW_KEY_MAX || memchr(s.p, 0, s.n) || !str_utf8_ok(s))
		return false;
	memcpy(out->key, s.p, s.n);
	return true;
}

static bool read_consent(struct str s, struct column *out)
{
	const char *dot = memchr(s.p, '.', s.n);

	return dot && channel_parse(str_n(s.p, (size_t)(dot - s.p)), &out->channel) && out->channel != CHANNEL_NONE &&
	       purpose_parse(str_n(dot + 1, (size_t)(s.p + s.n - dot) - 1), &out->purpose);
}

static bool read_column(struct str s, struct column *out)
{
	struct str rest;

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (str_is(s, plain[i].name)) {
			out->kind = plain[i].kind;
			return true;
		}
	if (after(s, "attributes.", &rest)) {
		out->kind = COLUMN_ATTRIBUTE;
		return read_key(rest, out);
	}
	if (after(s, "data.", &rest)) {
		out->kind = COLUMN_DATA;
		return read_key(rest, out);
	}
	out->kind = COLUMN_CONSENT;
	return after(s, "consent.", &rest) && read_consent(rest, out);
}

/* Only addresses may have several columns. */
static bool twice(const struct columns *c, const struct column *x)
{
	if (x->kind == COLUMN_IGNORED || x->kind == COLUMN_PHONE || x->kind == COLUMN_EMAIL)
		return false;
	for (size_t k = 0; k < c->n; k++)
		if (c->v[k].kind == x->kind && strcmp(c->v[k].key, x->key) == 0 && c->v[k].channel == x->channel &&
		    c->v[k].purpose == x->purpose)
			return true;
	return false;
}

static int mapped(const json_t *mapping, struct str *name, struct err *err)
{
	char key[ROW_KEY_MAX + 1];
	const json_t *to;

	if (!mapping || name->n > ROW_KEY_MAX)
		return 0;
	snprintf(key, sizeof key, "%.*s", (int)name->n, name->p);
	to = json_object_get(mapping, key);
	if (!to)
		return 0;
	if (!json_is_string(to))
		return err_set(err, ERR_SEMANTIC, "column_unknown", key, "a header is mapped to the name of a column");
	*name = str_n(json_string_value(to), json_string_length(to));
	return 0;
}

int columns_read(const struct csv *header, const json_t *mapping, struct columns *out, struct err *err)
{
	bool who = false;

	out->n = 0;
	for (size_t k = 0; k < header->n; k++) {
		struct str shown = str_trim(header->field[k]), name = shown;
		struct column c = {0};
		char field[60];
		snprintf(field, sizeof field, "%.*s", shown.n < 50 ? (int)shown.n : 50, shown.p);
		if (mapped(mapping, &name, err))
			return -1;
		if (!read_column(name, &c))
			return err_set(err, ERR_SEMANTIC, "column_unknown", field,
				       "column %zu has no meaning here: map it to one that has, or to \"-\"", k + 1);
		if (twice(out, &c))
			return err_set(err, ERR_SEMANTIC, "column_twice", field, "column %zu is there already", k + 1);
		who |= c.kind == COLUMN_EXTERNAL_ID || c.kind == COLUMN_PHONE || c.kind == COLUMN_EMAIL;
		out->v[out->n++] = c;
	}
	return who ? 0
		   : err_set(err, ERR_SEMANTIC, "columns_useless", NULL,
			     "no column says who is meant: external_id, phone or email");
}

static bool is_of_lists(enum column_kind k) { return k >= COLUMN_REASON; }

int columns_check(const struct columns *c, enum row_kind kind, struct err *err)
{
	for (size_t k = 0; k < c->n; k++) {
		enum column_kind is = c->v[k].kind;
		bool address = is == COLUMN_PHONE || is == COLUMN_EMAIL || is == COLUMN_IGNORED;
		if (!address && is_of_lists(is) != (kind == ROW_SUPPRESSIONS))
			return err_set(err, ERR_SEMANTIC, "column_unknown", NULL,
				       "column %zu has no meaning in a file of %s: map it to \"-\"", k + 1,
				       kind == ROW_SUPPRESSIONS ? "suppressions" : "customers");
	}
	return 0;
}
