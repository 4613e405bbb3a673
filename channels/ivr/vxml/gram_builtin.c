/* The built-in types of fields for keys (VoiceXML 2.0 appendix P), and the keys and words of a choice. */
#include "ivr/vxml/gram_private.h"

#include <ctype.h>

static void emit_set(struct gram *g, const char *set, int64_t least, int64_t most)
{
	int64_t i;

	for (i = 0; i < least && !g->failed; i++)
		gram_emit(g, OP_SET, 0, 0, str_of(set));
	if (most < 0) {
		int split = gram_emit(g, OP_SPLIT, g->n + 1, g->n + 3, STR(""));

		gram_emit(g, OP_SET, 0, 0, str_of(set));
		gram_emit(g, OP_JUMP, split, 0, STR(""));
	}
	for (; i < most && !g->failed; i++) {
		gram_emit(g, OP_SPLIT, g->n + 1, g->n + 2, STR(""));
		gram_emit(g, OP_SET, 0, 0, str_of(set));
	}
}

/* The value of "name" in "digits?a=1;name=2". */
static bool param(const char *type, const char *name, struct str *out)
{
	size_t n = strlen(name), len;

	for (const char *p = type + strcspn(type, "?"); *p; p += len) {
		len = strcspn(++p, ";");
		if (len > n && p[n] == '=' && memcmp(p, name, n) == 0) {
			*out = str_trim(str_n(p + n + 1, len - n - 1));
			return true;
		}
	}
	return false;
}

static bool int_param(const char *type, const char *name, int64_t *out)
{
	struct str s;

	return !param(type, name, &s) || (str_i64(s, out) && *out >= 0 && *out <= 200);
}

static bool write_digits(struct gram *g, const char *type)
{
	int64_t least = 1, most = -1, length = -1;

	if (!int_param(type, "minlength", &least) || !int_param(type, "maxlength", &most) ||
	    !int_param(type, "length", &length))
		return false;
	if (length >= 0)
		least = most = length;
	emit_set(g, "0123456789", least, most);
	return most < 0 || most >= least;
}

static bool write_boolean(struct gram *g, const char *type)
{
	g->yes = STR("1");
	g->no = STR("2");
	param(type, "y", &g->yes);
	param(type, "n", &g->no);
	if (g->yes.n != 1 || g->no.n != 1 || g->yes.p[0] == g->no.p[0])
		return false;
	gram_emit(g, OP_SPLIT, 1, 3, STR(""));
	gram_emit(g, OP_SET, 0, 0, g->yes);
	gram_emit(g, OP_JUMP, 4, 0, STR(""));
	gram_emit(g, OP_SET, 0, 0, g->no);
	return true;
}

struct gram *gram_builtin(struct arena *a, const char *type, struct err *err)
{
	static const struct {
		const char *name;
		enum gram_kind kind;
		const char *set;
		int least, most;
	} types[] = {
		{"boolean", KIND_BOOLEAN, NULL, 0, 0},	       {"currency", KIND_CURRENCY, "0123456789*", 1, -1},
		{"date", KIND_DATE, "0123456789", 8, 8},       {"digits", KIND_DIGITS, NULL, 0, 0},
		{"number", KIND_NUMBER, "0123456789*", 1, -1}, {"phone", KIND_PHONE, "0123456789*", 1, -1},
		{"time", KIND_TIME, "0123456789", 4, 4},
	};
	size_t n = strcspn(type, "?"), i = 0;
	struct gram *g;
	bool ok = true;

	while (i < sizeof types / sizeof *types && !str_is(str_n(type, n), types[i].name))
		i++;
	if (i == sizeof types / sizeof *types) {
		err_set(err, ERR_SEMANTIC, "builtin_unsupported", NULL, "there is no built-in type \"%.60s\"", type);
		return NULL;
	}
	if (!(g = gram_new(a, GRAM_DTMF, types[i].kind))) {
		err_nomem(err);
		return NULL;
	}
	if (types[i].set)
		emit_set(g, types[i].set, types[i].least, types[i].most);
	else
		ok = types[i].kind == KIND_DIGITS ? write_digits(g, type) : write_boolean(g, type);
	if (!ok) {
		err_set(err, ERR_SEMANTIC, "builtin_unsupported", NULL, "the parameters of \"%.60s\" do not fit", type);
		return NULL;
	}
	return gram_finish(g, err);
}

struct gram *gram_keys(struct arena *a, const char *keys, struct err *err)
{
	struct gram *g = gram_new(a, GRAM_DTMF, KIND_KEYS);
	int n = 0;

	for (const char *p = keys; g && *p; p++) {
		if (isspace((unsigned char)*p))
			continue;
		if (!strchr("0123456789*#ABCD", *p) || ++n > 50) {
			err_set(err, ERR_SEMANTIC, "menu_invalid", NULL, "\"%.40s\" are no keys", keys);
			return NULL;
		}
		gram_emit(g, OP_WORD, 0, 0, str_n(p, 1));
	}
	if (g && n == 0) {
		err_set(err, ERR_SEMANTIC, "menu_invalid", NULL, "no key is named");
		return NULL;
	}
	return gram_finish(g, err);
}

struct gram *gram_words(struct arena *a, const char *words, bool approximate, struct err *err)
{
	struct gram *g = gram_new(a, GRAM_VOICE, KIND_KEYS);

	for (const char *p = words; g && *(p += strspn(p, " \t\r\n"));) {
		size_t n = strcspn(p, " \t\r\n"), word = n;

		while (word > 0 && strchr(".,;:!?", p[word - 1]))
			word--;
		if (approximate)
			gram_emit(g, OP_SPLIT, g->n + 1, g->n + 2, STR(""));
		if (word)
			gram_emit(g, OP_WORD, 0, 0, str_n(p, word));
		else if (approximate)
			gram_emit(g, OP_FAIL, 0, 0, STR(""));
		p += n;
	}
	return gram_finish(g, err);
}

/* ---- values */

static bool number_between(struct str s, size_t from, size_t n, int least, int most)
{
	int64_t v;

	return str_i64(str_n(s.p + from, n), &v) && v >= least && v <= most;
}

static bool date_ok(struct str s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, m;

	if (s.n != 8 || !number_between(s, 4, 2, 1, 12) || !str_i64(str_n(s.p, 4), &y) ||
	    !str_i64(str_n(s.p + 4, 2), &m))
		return false;
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return number_between(s, 6, 2, 1, days[m - 1] + (m == 2 && leap));
}

/* Digits with one * at most, which is the point; for phones it begins the extension. */
static char *starred(struct arena *a, struct str s, char to, bool *ok)
{
	char *out = arena_printf(a, "\"%.*s\"", (int)s.n, s.p);
	int stars = 0, digits = 0;

	for (char *p = out; p && *p; p++) {
		digits += isdigit((unsigned char)*p) != 0;
		if (*p == '*') {
			*p = to;
			stars++;
		}
	}
	*ok = stars <= 1 && digits > 0;
	return out;
}

/* Hours below 13 may be of either half of the day (appendix P: the last character is "?" then). */
static char *time_value(struct arena *a, struct str s, bool *ok)
{
	int64_t hour = 0;

	*ok = s.n == 4 && number_between(s, 0, 2, 0, 23) && number_between(s, 2, 2, 0, 59);
	str_i64(str_n(s.p, *ok ? 2 : 0), &hour);
	return arena_printf(a, "\"%.*s%c\"", (int)s.n, s.p, hour == 0 || hour > 12 ? 'h' : '?');
}

char *gram_builtin_value(struct arena *a, const struct gram *g, struct str in, bool *ok)
{
	*ok = true;
	switch (g->kind) {
	case KIND_BOOLEAN: return arena_strdup(a, str_eq(in, g->yes) ? "true" : "false");
	case KIND_CURRENCY:
	case KIND_NUMBER: return starred(a, in, '.', ok);
	case KIND_PHONE: return starred(a, in, 'x', ok);
	case KIND_DATE: *ok = date_ok(in); return arena_printf(a, "\"%.*s\"", (int)in.n, in.p);
	case KIND_TIME: return time_value(a, in, ok);
	case KIND_DIGITS: return arena_printf(a, "\"%.*s\"", (int)in.n, in.p);
	default: return NULL;
	}
}
