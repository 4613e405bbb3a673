#include "cli/sse.h"

#include <stdio.h>

void sse_init(struct sse *s, size_t max, void (*fn)(void *arg, const char *id, const char *event, struct str data),
	      void *arg)
{
	*s = (struct sse){.fn = fn, .arg = arg};
	buf_init(&s->line, max);
	buf_init(&s->data, max);
}

void sse_free(struct sse *s)
{
	buf_free(&s->line);
	buf_free(&s->data);
}

void sse_reset(struct sse *s)
{
	buf_reset(&s->line);
	buf_reset(&s->data);
	s->event[0] = 0;
	s->cr = false;
}

static void dispatch(struct sse *s)
{
	if (s->data.n) {
		struct str data = buf_str(&s->data);
		s->fn(s->arg, s->id, s->event[0] ? s->event : "message", str_n(data.p, data.n - 1));
	}
	buf_reset(&s->data);
	s->event[0] = 0;
}

static void copy(char *to, size_t room, struct str v)
{
	if (!memchr(v.p, 0, v.n))
		snprintf(to, room, "%.*s", (int)v.n, v.p);
}

static bool line(struct sse *s)
{
	struct str l = buf_str(&s->line), value = STR("");
	const char *colon = memchr(l.p, ':', l.n);

	if (l.n == 0) {
		dispatch(s);
	} else if (colon != l.p) { /* else a comment */
		if (colon) {
			value = str_n(colon + 1, l.n - (size_t)(colon - l.p) - 1);
			l.n = (size_t)(colon - l.p);
			if (value.n && *value.p == ' ')
				value = str_n(value.p + 1, value.n - 1);
		}
		if (str_is(l, "data")) {
			buf_addstr(&s->data, value);
			buf_addc(&s->data, '\n');
		} else if (str_is(l, "id")) {
			copy(s->id, sizeof s->id, value);
		} else if (str_is(l, "event")) {
			copy(s->event, sizeof s->event, value);
		}
	}
	buf_reset(&s->line);
	return !s->data.failed;
}

bool sse_feed(struct sse *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		bool second = c == '\n' && s->cr;
		s->cr = c == '\r';
		if (second)
			continue;
		if (c == '\n' || c == '\r') {
			if (!line(s))
				return false;
			continue;
		}
		buf_addc(&s->line, c);
		if (s->line.failed)
			return false;
	}
	return true;
}
