#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

enum { LINE_MAX_ = 4000 };

static _Atomic int least = LOG_INFO_;
static _Atomic bool as_json;

static const char *const words[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level level, bool json)
{
	atomic_store(&least, (int)level);
	atomic_store(&as_json, json);
}

bool log_level_parse(const char *word, enum log_level *out)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool log_on(enum log_level level) { return (int)level >= atomic_load_explicit(&least, memory_order_relaxed); }

static bool bare(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '"' || *s == '=' || *s == '\\' || *s == 0x7f)
			return false;
	return true;
}

static void pair(struct buf *b, bool json, const char *key, const char *value)
{
	if (json) {
		buf_addc(b, b->n ? ',' : '{');
		json_quote(b, str_of(key));
		buf_addc(b, ':');
		json_quote(b, str_of(value));
		return;
	}
	if (b->n)
		buf_addc(b, ' ');
	buf_adds(b, key);
	buf_addc(b, '=');
	if (bare(value) && str_utf8_ok(str_of(value)))
		buf_adds(b, value);
	else
		json_quote(b, str_of(value));
}

void log_write(enum log_level level, const char *event, ...)
{
	bool json = atomic_load_explicit(&as_json, memory_order_relaxed);
	char at[TIME_TEXT];
	struct buf b;
	va_list ap;
	const char *key;
	ssize_t done = 0;

	if (!log_on(level))
		return;
	buf_init(&b, LINE_MAX_);
	time_format(clock_now(), at);
	pair(&b, json, "at", at);
	pair(&b, json, "level", words[level]);
	pair(&b, json, "event", event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		size_t before = b.n;
		pair(&b, json, key, value ? value : "");
		if (b.failed) { /* too long: keep what fits whole */
			b.n = before;
			break;
		}
	}
	va_end(ap);
	b.failed = false;
	b.max += 4;
	if (json)
		buf_addc(&b, '}');
	buf_addc(&b, '\n');
	if (b.p)
		done = write(STDERR_FILENO, b.p, b.n);
	(void)done; /* a log that cannot be written has nowhere to say so */
	buf_free(&b);
}

struct log_num log_num(int64_t v)
{
	struct log_num n;
	snprintf(n.t, sizeof n.t, "%lld", (long long)v);
	return n;
}

struct log_mask log_mask(const char *address)
{
	struct log_mask m;
	size_t n = address ? strlen(address) : 0, keep = n >= 10 ? 6 : n / 3, tail = n >= 10 ? 2 : 0;

	if (n >= sizeof m.t)
		n = sizeof m.t - 1;
	for (size_t i = 0; i < n; i++)
		m.t[i] = i < keep || i >= n - tail ? address[i] : '*';
	m.t[n] = 0;
	return m;
}
