#include "email/header.h"

#include "email/charset.h"
#include "email/decode.h"

/*
 * "type/subtype; name=value; name*0*=charset'language'%41; name*1=more (comment)". Of the field: values with spaces or
 * semicolons and no quotes, quotes without an end, encoded words (RFC 2047) where RFC 2231 should be, pieces out of order.
 */

enum { PARAMS = 64, PIECE_MAX = 100, VALUE = 1 << 14 };

struct piece {
	struct str name; /* lower case */
	struct str value;
	int number;   /* of a value in pieces; -1: whole */
	bool encoded; /* with % */
	bool done;
};

static bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static size_t skip(struct str s, size_t i) /* white space and comments */
{
	while (i < s.n) {
		int depth = 0;
		if (space(s.p[i])) {
			i++;
			continue;
		}
		if (s.p[i] != '(')
			break;
		for (; i < s.n; i++) {
			depth += (s.p[i] == '(') - (s.p[i] == ')');
			if (!depth)
				break;
		}
		i += i < s.n;
	}
	return i;
}

static struct str lower(struct str s, struct arena *a)
{
	char *p;

	s = str_trim(s);
	p = arena_strndup(a, s.p, s.n);
	for (size_t i = 0; p && i < s.n; i++)
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return str_n(p, s.n);
}

static struct str quoted(struct str s, size_t *i, struct arena *a)
{
	char *out = arena_alloc(a, s.n - *i + 1), *o = out;

	for (++*i; out && *i < s.n; ++*i) {
		char c = s.p[*i];
		if (c == '"') {
			++*i;
			break;
		}
		if (c == '\\' && *i + 1 < s.n && strchr("\"\\()", s.p[*i + 1])) /* not the paths of Windows */
			c = s.p[++*i];
		*o++ = c;
	}
	return str_n(out, (size_t)(o - out));
}

/* Does "name=" stand at i? A semicolon in a value without quotes is not the end of it otherwise. */
static bool name_follows(struct str s, size_t i)
{
	size_t from = i = skip(s, i);

	while (i < s.n && i < from + 40 && !space(s.p[i]) && !strchr("=;,\"", s.p[i]))
		i++;
	return i == s.n || (i > from && s.p[skip(s, i) < s.n ? skip(s, i) : i] == '=') || s.p[i] == ';';
}

static struct str bare(struct str s, size_t *i)
{
	size_t from = *i, n;

	while (*i < s.n && !(s.p[*i] == ';' && name_follows(s, *i + 1))) {
		if (s.p[*i] == '(' && *i > from && space(s.p[*i - 1])) { /* a comment, or "report (1).pdf" */
			size_t end = skip(s, *i);
			if (end == s.n || s.p[end] == ';') {
				n = *i - from;
				*i = end;
				return str_trim(str_n(s.p + from, n));
			}
		}
		++*i;
	}
	return str_trim(str_n(s.p + from, *i - from));
}

/* "name", "name*", "name*2", "name*2*" */
static void cut_name(struct piece *p)
{
	const char *star = memchr(p->name.p, '*', p->name.n);
	size_t i;

	p->number = -1;
	if (!star)
		return;
	i = (size_t)(star - p->name.p) + 1;
	p->encoded = p->name.p[p->name.n - 1] == '*';
	if (i < p->name.n && p->name.p[i] >= '0' && p->name.p[i] <= '9')
		for (p->number = 0;
		     i < p->name.n && p->name.p[i] >= '0' && p->name.p[i] <= '9' && p->number <= PIECE_MAX; i++)
			p->number = p->number * 10 + (p->name.p[i] - '0');
	p->name.n = (size_t)(star - p->name.p);
}

static int pieces(struct str s, size_t i, struct arena *a, struct piece *out, int *n)
{
	while (i < s.n && *n < PARAMS) {
		size_t from = i = skip(s, i);
		struct piece p = {0};
		while (i < s.n && s.p[i] != '=' && s.p[i] != ';')
			i++;
		if (i == s.n || s.p[i] == ';') { /* no parameter */
			i += i < s.n;
			continue;
		}
		p.name = lower(str_n(s.p + from, i - from), a);
		i = skip(s, i + 1);
		if (i < s.n && s.p[i] == '"') {
			p.value = quoted(s, &i, a);
			while (i < s.n && s.p[i] != ';')
				i++;
		} else {
			p.value = bare(s, &i);
		}
		i += i < s.n;
		if (!p.name.p || !p.value.p)
			return -1;
		if (p.name.n) {
			cut_name(&p);
			out[(*n)++] = p;
		}
	}
	return 0;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

static void percent(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex(s.p[i + 2]) : -1;
		if (low >= 0)
			i += 2;
		buf_addc(out, (char)(low >= 0 ? high << 4 | low : s.p[i]));
	}
}

/* Takes "charset'language'" off. */
static struct str charset_of(struct str *s)
{
	const char *one = memchr(s->p, '\'', s->n < 40 ? s->n : 40), *two;
	struct str charset;

	two = one ? memchr(one + 1, '\'', (size_t)(s->p + s->n - one - 1)) : NULL;
	if (!two)
		return str_n("", 0);
	charset = str_n(s->p, (size_t)(one - s->p));
	*s = str_n(two + 1, (size_t)(s->p + s->n - two - 1));
	return charset;
}

static struct str join(struct piece *p, int n, struct piece *first, struct arena *a, unsigned *defects)
{
	struct str charset = {"", 0}, s;
	struct buf b;
	bool wrong = false;

	buf_init(&b, VALUE);
	for (int number = 0; number <= PIECE_MAX; number++) {
		struct piece *one = number == 0 && first->number < 0 ? first : NULL;
		for (int k = 0; k < n && !one; k++)
			if (!p[k].done && p[k].number == number && str_eq(p[k].name, first->name))
				one = &p[k];
		if (!one)
			break;
		one->done = true;
		if (number == 0 && one->encoded)
			charset = charset_of(&one->value);
		if (one->encoded)
			percent(one->value, &b);
		else
			buf_addstr(&b, one->value);
		if (first->number < 0)
			break;
	}
	s = charset_utf8(buf_str(&b), charset, a, &wrong);
	*defects |= wrong ? MAIL_CHARSET : 0;
	s = s.p && !b.failed ? arena_str(a, s) : str_n(NULL, 0);
	buf_free(&b);
	return s;
}

static struct str plain(struct str v, struct arena *a, unsigned *defects)
{
	if (memmem(v.p, v.n, "=?", 2))
		return header_text(v, a, defects);
	return charset_utf8(v, str_n("", 0), a, NULL);
}

/* RFC 2231 before what old programs are told (RFC 6266 appendix D likewise). */
static int add(struct header_value *out, struct str name, struct str value, bool better)
{
	if (!value.p)
		return -1;
	for (int i = 0; i < out->n; i++) {
		if (!str_eq(out->at[i].name, name))
			continue;
		if (better)
			out->at[i].value = value;
		return 0;
	}
	out->at[out->n++] = (struct header_param){name, value};
	return 0;
}

static struct str value_of(struct str s, size_t end, struct arena *a) /* "text / plain" is "text/plain" */
{
	struct str v = lower(str_n(s.p, end), a);
	char *o = (char *)v.p;

	for (size_t i = 0; v.p && i < v.n; i++) {
		if (v.p[i] == '(')
			i = skip(v, i) - 1;
		else if (!space(v.p[i]))
			*o++ = v.p[i];
	}
	return v.p ? charset_utf8(str_n(v.p, (size_t)(o - v.p)), str_n("", 0), a, NULL) : v;
}

int header_params(struct str raw, struct arena *a, struct header_value *out, unsigned *defects)
{
	struct piece p[PARAMS] = {0};
	const char *semicolon;
	size_t end;
	int n = 0;

	*out = (struct header_value){0};
	raw = str_trim(str_n(raw.p, raw.n < VALUE ? raw.n : VALUE));
	semicolon = memchr(raw.p, ';', raw.n);
	end = semicolon ? (size_t)(semicolon - raw.p) : raw.n;
	out->value = value_of(raw, end, a);
	if (!out->value.p || (semicolon && pieces(raw, end + 1, a, p, &n)))
		return -1;
	out->at = arena_array(a, struct header_param, (size_t)n + 1);
	if (!out->at)
		return -1;
	for (int i = 0; i < n; i++) {
		struct str value;
		bool encoded = p[i].encoded || p[i].number >= 0;
		if (p[i].done)
			continue;
		value = encoded ? join(p, n, &p[i], a, defects) : plain(p[i].value, a, defects);
		if (add(out, p[i].name, value, encoded && value.n))
			return -1;
	}
	return 0;
}

struct str header_param(const struct header_value *v, const char *name)
{
	for (int i = 0; i < v->n; i++)
		if (str_is(v->at[i].name, name))
			return v->at[i].value;
	return str_n("", 0);
}
