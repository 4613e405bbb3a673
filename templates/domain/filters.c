#include "domain/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/icu.h"
#include "model/phone.h"

enum { KEY_MAX = 200, NUMBER_MAX = 64, WIDEST = 40, TEXT_MAX = 8 << 10 };

static int give(struct liquid_call *c, struct str text, struct liquid_value *out)
{
	char *p = liquid_alloc(c, text.n + 1);

	if (!p)
		return liquid_fail(c, "Memory limits exceeded");
	if (text.n)
		memcpy(p, text.p, text.n);
	*out = liquid_str(str_n(p, text.n));
	return 0;
}

static bool nothing(const struct liquid_value *v)
{
	return v->type == LIQUID_NIL || (v->type == LIQUID_STR && v->n == 0);
}

/* false: not a number as Liquid writes them. */
static bool number_of(struct liquid_call *c, const struct liquid_value *v, double *out)
{
	struct str s;
	char text[NUMBER_MAX], *end;

	if (v->type == LIQUID_INT)
		return *out = (double)v->i, true;
	if (v->type == LIQUID_FLOAT)
		return *out = v->f, true;
	if (v->type != LIQUID_STR && v->type != LIQUID_BIG)
		return false;
	s = str_trim(liquid_text(c, v));
	if (s.n == 0 || s.n >= sizeof text || strspn(s.p, "+-.0123456789") < s.n)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	*out = strtod(text, &end);
	return end == text + s.n;
}

static struct str argument(struct liquid_call *c, const struct liquid_value *args, size_t n, struct str none)
{
	return n > 0 && !nothing(&args[0]) ? liquid_text(c, &args[0]) : none;
}

/* ---- numbers and dates ---- */

static int money(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		 struct liquid_value *out)
{
	const struct domain *d = liquid_host(c);
	struct str currency = argument(c, args, n, d->currency);
	char text[ICU_TEXT];
	double amount;

	*out = liquid_nil();
	if (nothing(&in))
		return 0;
	if (!number_of(c, &in, &amount))
		return liquid_fail(c, "money: not a number");
	if (!currency.n)
		return liquid_fail(c, "money: which currency? ({{ x | money: \"EUR\" }})");
	if (icu_money(d->formats, d->locale, amount, currency, text))
		return liquid_fail(c, "money: there is no currency \"%.*s\"",
				   currency.n < WIDEST ? (int)currency.n : WIDEST, currency.p);
	return give(c, str_of(text), out);
}

static int number(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		  struct liquid_value *out)
{
	const struct domain *d = liquid_host(c);
	char text[ICU_TEXT];
	double value, decimals = -1;

	*out = liquid_nil();
	if (nothing(&in))
		return 0;
	if (!number_of(c, &in, &value))
		return liquid_fail(c, "number: not a number");
	if (n > 0 && (!number_of(c, &args[0], &decimals) || decimals < 0 || decimals > 15))
		return liquid_fail(c, "number: 0 to 15 decimals");
	if (icu_number(d->formats, d->locale, value, (int)decimals, text))
		return liquid_fail(c, "number: out of memory");
	return give(c, str_of(text), out);
}

static int moment(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value *args, size_t n,
		  bool time, struct liquid_value *out)
{
	const struct domain *d = liquid_host(c);
	struct str style = argument(c, args, n, time ? STR("short") : STR("medium"));
	char text[ICU_TEXT];
	int64_t seconds;
	int r;

	*out = *in;
	if (nothing(in))
		return 0;
	r = liquid_seconds(c, in, &seconds);
	if (r <= 0) /* no date: it passes, as it does by the filter date */
		return r;
	if (icu_date(d->formats, d->locale, d->time_zone, style, time, (double)seconds, text))
		return liquid_fail(c, "%s: \"%.*s\" is no style, or \"%.*s\" no time zone",
				   time ? "local_time" : "local_date", style.n < WIDEST ? (int)style.n : WIDEST,
				   style.p, d->time_zone.n < WIDEST ? (int)d->time_zone.n : WIDEST, d->time_zone.p);
	return give(c, str_of(text), out);
}

static int local_date(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		      struct liquid_value *out)
{
	return moment(c, &in, args, n, false, out);
}

static int local_time(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		      struct liquid_value *out)
{
	return moment(c, &in, args, n, true, out);
}

/* ---- numbers to call, texts to count ---- */

static int phone(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		 struct liquid_value *out)
{
	const struct domain *d = liquid_host(c);
	struct str form = argument(c, args, n, STR("international")), text = liquid_text(c, &in);
	char region[4], shown[PHONE_SHOWN];

	*out = in;
	if (!str_is(form, "international") && !str_is(form, "national"))
		return liquid_fail(c, "phone: international or national");
	snprintf(region, sizeof region, "%.*s", d->region.n < sizeof region ? (int)d->region.n : 0,
		 d->region.p ? d->region.p : "");
	/* What is no number passes as it is: a short code, a name. */
	return phone_show(text, region, str_is(form, "national"), shown) ? 0 : give(c, str_of(shown), out);
}

static int sms_parts(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		     struct liquid_value *out)
{
	const struct domain *d = liquid_host(c);
	int parts = d->sms_parts ? d->sms_parts(d->arg, liquid_text(c, &in)) : -1;

	(void)args, (void)n;
	if (parts < 0)
		return liquid_fail(c, "sms_parts: there is no account for SMS");
	*out = liquid_int(parts);
	return 0;
}

/* ---- translations ---- */

/* {name} by the member of that name; what has none stays as it is. */
static void fill(struct liquid_call *c, struct str text, const struct liquid_value *with, struct buf *b)
{
	while (text.n) {
		const char *open = memchr(text.p, '{', text.n);
		const char *close = open ? memchr(open, '}', (size_t)(text.p + text.n - open)) : NULL;
		struct liquid_value v;
		struct str name;

		if (!close) {
			buf_addstr(b, text);
			return;
		}
		buf_add(b, text.p, (size_t)(open - text.p));
		name = str_n(open + 1, (size_t)(close - open - 1));
		if (with->ops->get(with->self, name, &v))
			buf_addstr(b, liquid_text(c, &v));
		else
			buf_add(b, open, (size_t)(close + 1 - open));
		text = str_n(close + 1, (size_t)(text.p + text.n - close - 1));
	}
}

static bool translation(struct liquid_call *c, const struct domain *d, struct str key, const struct liquid_value *with,
			struct str *out)
{
	char full[KEY_MAX], category[ICU_TEXT];
	struct liquid_value count;
	double n;
	int k;

	if (!d->translate)
		return false;
	if (with && with->ops->get(with->self, STR("count"), &count) && number_of(c, &count, &n) &&
	    icu_plural(d->formats, d->locale, n, category) == 0) {
		k = snprintf(full, sizeof full, "%.*s.%s", (int)key.n, key.p, category);
		if (k < (int)sizeof full && d->translate(d->arg, str_n(full, (size_t)k), out))
			return true;
		k = snprintf(full, sizeof full, "%.*s.other", (int)key.n, key.p);
		if (k < (int)sizeof full && d->translate(d->arg, str_n(full, (size_t)k), out))
			return true;
	}
	return d->translate(d->arg, key, out);
}

/* What `default` says. */
static bool spare(struct liquid_call *c, const struct liquid_value *with, struct str *out)
{
	struct liquid_value v;

	if (!with || !with->ops->get(with->self, STR("default"), &v) || v.type != LIQUID_STR)
		return false;
	*out = liquid_text(c, &v);
	return true;
}

static int translate(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		     struct liquid_value *out)
{
	const struct liquid_value *with = n > 0 && args[n - 1].type == LIQUID_OBJECT ? &args[n - 1] : NULL;
	struct str key = liquid_text(c, &in), text;
	struct buf b;
	int r;

	if (key.n == 0 || key.n >= KEY_MAX)
		return liquid_fail(c, "t: the key has 1 to %d characters", KEY_MAX - 1);
	if (!translation(c, liquid_host(c), key, with, &text) && !spare(c, with, &text))
		return liquid_fail(c, "t: there is no translation of \"%.*s\"", (int)key.n, key.p);
	if (!with)
		return give(c, text, out);
	buf_init(&b, TEXT_MAX);
	fill(c, text, with, &b);
	r = b.failed ? liquid_fail(c, "t: the text is too long") : give(c, buf_str(&b), out);
	buf_free(&b);
	return r;
}

const struct liquid_filter *domain_filters(size_t *n)
{
	static const struct liquid_filter all[] = {
		{"money", money, 0, 1},		  {"number", number, 0, 1}, {"local_date", local_date, 0, 1},
		{"local_time", local_time, 0, 1}, {"phone", phone, 0, 1},   {"sms_parts", sms_parts, 0, 0},
		{"t", translate, 0, 1},
	};
	*n = sizeof all / sizeof *all;
	return all;
}
