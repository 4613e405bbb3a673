#include "base/json.h"

#include <stdlib.h>

#include "base/clock.h"

void json_begin(struct json_out *j, struct buf *b) { *j = (struct json_out){.b = b}; }

void json_quote(struct buf *b, struct str v)
{
	size_t start = 0, i = 0;

	buf_addc(b, '"');
	while (i < v.n) {
		unsigned char c = (unsigned char)v.p[i];
		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			i++;
			continue;
		}
		if (c >= 0x80) {
			size_t next = i;
			uint32_t cp = str_next(v, &next);
			if (cp != 0xfffd || next - i == 3) {
				i = next;
				continue;
			}
		}
		buf_add(b, v.p + start, i - start);
		if (c == '"' || c == '\\') {
			buf_addc(b, '\\');
			buf_addc(b, (char)c);
		} else if (c >= 0x80) {
			buf_add_utf8(b, 0xfffd);
		} else if (c == '\n') {
			buf_add(b, "\\n", 2);
		} else {
			buf_addf(b, "\\u%04x", c);
		}
		start = ++i;
	}
	buf_add(b, v.p + start, v.n - start);
	buf_addc(b, '"');
}

static void lead(struct json_out *j, const char *key)
{
	uint64_t bit = UINT64_C(1) << j->depth;

	if (j->more & bit)
		buf_addc(j->b, ',');
	j->more |= bit;
	if (key) {
		json_quote(j->b, str_of(key));
		buf_addc(j->b, ':');
	}
}

static void open_level(struct json_out *j, const char *key, bool array)
{
	uint64_t bit;

	lead(j, key);
	if (j->depth == 63) {
		j->b->failed = true;
		return;
	}
	bit = UINT64_C(1) << ++j->depth;
	j->more &= ~bit;
	j->array = array ? j->array | bit : j->array & ~bit;
	buf_addc(j->b, array ? '[' : '{');
}

void json_obj(struct json_out *j, const char *key) { open_level(j, key, false); }
void json_arr(struct json_out *j, const char *key) { open_level(j, key, true); }

void json_end(struct json_out *j)
{
	buf_addc(j->b, j->array >> j->depth & 1 ? ']' : '}');
	if (j->depth)
		j->depth--;
}

void json_str(struct json_out *j, const char *key, struct str v)
{
	lead(j, key);
	json_quote(j->b, v);
}

void json_cstr(struct json_out *j, const char *key, const char *v)
{
	if (v)
		json_str(j, key, str_of(v));
	else
		json_null_(j, key);
}

void json_int(struct json_out *j, const char *key, int64_t v)
{
	lead(j, key);
	buf_add_i64(j->b, v);
}

void json_bool(struct json_out *j, const char *key, bool v)
{
	lead(j, key);
	buf_adds(j->b, v ? "true" : "false");
}

void json_null_(struct json_out *j, const char *key)
{
	lead(j, key);
	buf_add(j->b, "null", 4);
}

void json_raw(struct json_out *j, const char *key, struct str json)
{
	lead(j, key);
	buf_addstr(j->b, json.n ? json : STR("null"));
}

void json_time(struct json_out *j, const char *key, int64_t at)
{
	char t[TIME_TEXT];

	if (at == 0)
		json_null_(j, key);
	else
		json_str(j, key, str_n(t, time_format(at, t)));
}

void json_uuid(struct json_out *j, const char *key, const struct uuid *u)
{
	char t[UUID_TEXT];

	if (!u || uuid_is_nil(u))
		json_null_(j, key);
	else
		json_str(j, key, str_n(uuid_format(u, t), 36));
}

static int dump_to_buf(const char *p, size_t n, void *data)
{
	buf_add(data, p, n);
	return ((struct buf *)data)->failed ? -1 : 0;
}

void json_value(struct json_out *j, const char *key, const json_t *v)
{
	lead(j, key);
	if (!v)
		buf_add(j->b, "null", 4);
	else if (json_dump_callback(v, dump_to_buf, j->b, JSON_COMPACT | JSON_ENCODE_ANY))
		j->b->failed = true;
}

/* jansson limits depth only at 2,048, deep enough for its recursion to be felt; so depth is counted before it parses. */
static bool too_deep(struct str t, int depth)
{
	int d = 0;
	bool quoted = false;

	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++d > depth)
				return true;
		} else if (c == '}' || c == ']') {
			d--;
		}
	}
	return false;
}

int json_read(struct str text, int depth, json_t **out, struct err *err)
{
	json_error_t e;
	json_t *v;

	if (too_deep(text, depth))
		return err_set(err, ERR_INVALID, "json_too_deep", "", "the JSON text is nested deeper than %d levels", depth);
	v = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	if (!v)
		return err_set(err, ERR_INVALID, "json_invalid", "", "line %d column %d: %.160s", e.line, e.column, e.text);
	*out = v;
	return 0;
}
