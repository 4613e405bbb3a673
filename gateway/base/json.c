#include "base/json.h"

#include <stdlib.h>

#include "base/clock.h"

void json_begin(struct json_out *j, struct buf *b) { *j = (struct json_out){.b = b, .day = INT64_MIN}; }

/* Length of the run at p that needs no escaping and is ASCII; eight bytes at a time, since most texts are nothing else. */
static size_t plain_run(const char *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t v, quote, slash;
		memcpy(&v, p + i, 8);
		quote = v ^ ones * '"';
		slash = v ^ ones * '\\';
		/* Any byte below 0x20, equal to either, or with its high bit set. */
		if (((v - ones * 0x20) | (quote - ones) | (slash - ones) | v) & high)
			break;
	}
	for (; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
			break;
	}
	return i;
}

static void escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char t[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\' || c == '\n') {
		t[1] = c == '\n' ? 'n' : (char)c;
		buf_add(b, t, 2);
	} else {
		buf_add(b, t, 6);
	}
}

/* What is not all plain: runs of good text are copied whole, what lies between is replaced. */
static void quote_rest(struct buf *b, struct str v, size_t i)
{
	size_t start = 0;

	while (i < v.n) {
		unsigned char c = (unsigned char)v.p[i];
		size_t next = i;
		if (c >= 0x80) {
			uint32_t cp = str_next(v, &next);
			if (cp != 0xfffd || next - i == 3) {
				i = next + plain_run(v.p + next, v.n - next);
				continue;
			}
		}
		buf_add(b, v.p + start, i - start);
		if (c >= 0x80)
			buf_add_utf8(b, 0xfffd);
		else
			escape(b, c);
		start = ++i;
		i += plain_run(v.p + i, v.n - i);
	}
	buf_add(b, v.p + start, v.n - start);
}

void json_quote(struct buf *b, struct str v)
{
	size_t run = v.n ? plain_run(v.p, v.n) : 0;
	char *to = run == v.n ? buf_room(b, v.n + 2) : NULL;

	if (to) {
		to[0] = '"';
		if (v.n)
			memcpy(to + 1, v.p, v.n);
		to[v.n + 1] = '"';
		b->n += v.n + 2;
		return;
	}
	buf_addc(b, '"');
	quote_rest(b, v, run);
	buf_addc(b, '"');
}

void json_lead(struct json_out *j, const char *key, size_t n)
{
	uint64_t bit = UINT64_C(1) << j->depth;
	bool comma = (j->more & bit) != 0;
	char *to;

	j->more |= bit;
	if (!key) {
		if (comma)
			buf_addc(j->b, ',');
		return;
	}
	to = buf_room(j->b, n + 4);
	if (!to)
		return;
	*to = ',';
	to += comma;
	*to++ = '"';
	memcpy(to, key, n);
	to[n] = '"';
	to[n + 1] = ':';
	j->b->n += n + 3 + comma;
}

void json_open_(struct json_out *j, bool array)
{
	uint64_t bit;

	if (j->depth == 63) {
		j->b->failed = true;
		return;
	}
	bit = UINT64_C(1) << ++j->depth;
	j->more &= ~bit;
	j->array = array ? j->array | bit : j->array & ~bit;
	buf_addc(j->b, array ? '[' : '{');
}

void json_end(struct json_out *j)
{
	buf_addc(j->b, j->array >> j->depth & 1 ? ']' : '}');
	if (j->depth)
		j->depth--;
}

static char *two(char *to, int64_t v)
{
	to[0] = (char)('0' + v / 10);
	to[1] = (char)('0' + v % 10);
	return to + 2;
}

/* As time_format does; the date is kept from one to the next. */
void json_time_(struct json_out *j, int64_t at)
{
	int64_t us = at % US_DAY, ms;
	char *to = buf_room(j->b, TIME_TEXT);
	char t[TIME_TEXT];

	if (!to)
		return;
	if (at <= 0) {
		if (at)
			json_quote(j->b, str_n(t, time_format(at, t)));
		else
			buf_add(j->b, "null", 4);
		return;
	}
	if (at / US_DAY != j->day) {
		time_format(at, t);
		memcpy(j->date, t, 11);
		j->day = at / US_DAY;
	}
	*to = '"';
	memcpy(to + 1, j->date, 11);
	to = two(to + 12, us / US_HOUR);
	*to++ = ':';
	to = two(to, us / US_MIN % 60);
	*to++ = ':';
	to = two(to, us / US_SEC % 60);
	ms = us / US_MS % 1000;
	*to++ = '.';
	*to++ = (char)('0' + ms / 100);
	to = two(to, ms % 100);
	*to++ = 'Z';
	*to = '"';
	j->b->n += 26;
}

void json_uuid_(struct json_out *j, const struct uuid *u)
{
	char *to = buf_room(j->b, UUID_TEXT + 1);

	if (!to)
		return;
	if (!u || uuid_is_nil(u)) {
		buf_add(j->b, "null", 4);
		return;
	}
	*to = '"';
	uuid_format(u, to + 1);
	to[37] = '"';
	j->b->n += 38;
}

static int dump_to_buf(const char *p, size_t n, void *data)
{
	buf_add(data, p, n);
	return ((struct buf *)data)->failed ? -1 : 0;
}

void json_value_(struct json_out *j, const json_t *v)
{
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
		return err_set(err, ERR_INVALID, "json_too_deep", "", "the JSON text is nested deeper than %d levels",
			       depth);
	v = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &e);
	if (!v)
		return err_set(err, ERR_INVALID, "json_invalid", "", "line %d column %d: %.160s", e.line, e.column,
			       e.text);
	*out = v;
	return 0;
}
