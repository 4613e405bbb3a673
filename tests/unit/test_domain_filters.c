#include <criterion/criterion.h>
#include <string.h>

#include "domain/filters.h"
#include "liquid/uses.h"

static int parts(void *arg, struct str text)
{
	(void)arg;
	return text.n > 160 ? 2 : 1;
}

static bool words(void *arg, struct str key, struct str *out)
{
	(void)arg;
	*out = str_is(key, "hi") ? STR("Hi {name}, {unknown} {") : str_is(key, "n.few") ? STR("few") : STR("");
	return out->n > 0;
}

/* What the template makes, or the error's sentence. */
static void check(const char *source, const char *locale, const char *want)
{
	struct liquid_syntax syntax = {.mode = LIQUID_STRICT};
	struct domain d = {.locale = str_of(locale),
			   .time_zone = STR("Europe/Berlin"),
			   .currency = STR("EUR"),
			   .region = STR("DE"),
			   .formats = domain_formats_new(),
			   .sms_parts = parts,
			   .translate = words};
	struct liquid_input in = {.host = &d, .now = 1764000000};
	struct liquid_render *r = liquid_render_new();
	struct liquid_template *t = NULL;
	struct liquid_error e = {0};
	struct buf out;

	buf_init(&out, 4096);
	syntax.filters = domain_filters(&syntax.n_filters);
	cr_assert(r && d.formats);
	cr_assert_eq(liquid_parse(&syntax, str_of(source), &t, &e), 0, "%s: %s", source, e.msg);
	/* Twice: the second time with formatters that are open already. */
	for (int k = 0; k < 2; k++) {
		const char *got;
		buf_reset(&out);
		got = liquid_render(r, t, &in, &out, &e) == 0 ? buf_cstr(&out) : e.msg;
		cr_expect_str_eq(got, want, "%s: %s", source, got);
	}
	liquid_template_free(&t);
	liquid_render_free(&r);
	domain_formats_free(&d.formats);
	buf_free(&out);
}

Test(domain_filters, money_and_numbers)
{
	check("{{ 49.9 | money }}", "de", "49,90\u00a0€");
	check("{{ '49.905' | money: 'usd' }}", "en-US", "$49.91");
	check("{{ 1000 | money: 'JPY' }}", "en", "¥1,000");
	check("{{ -3 | money: 'EUR' }}", "en", "-€3.00");
	check("{{ nothing | money }}|", "de", "|");
	check("{{ 'much' | money }}", "de", "money: not a number");
	check("{{ 1 | money: 'euro' }}", "de", "money: there is no currency \"euro\"");
	check("{{ 1234567.891 | number }} {{ 1.5 | number: 0 }}", "de-CH", "1’234’567.891 2");
	check("{{ 1 | number: 99 }}", "de", "number: 0 to 15 decimals");
	check("{{ 1.5 | number: 2 }}", "no tag at all", "1.50");
}

Test(domain_filters, dates_where_the_reader_is)
{
	check("{{ '2026-07-01T22:30:00Z' | local_date: 'full' }}", "fr", "jeudi 2 juillet 2026");
	check("{{ '2026-12-01T22:30:00Z' | local_time }}", "de", "23:30");
	check("{{ '2026-07-01T22:30:00Z' | local_time: 'Hm' }}", "de", "00:30");
	check("{{ '2026-12-01' | local_date: 'MMMd' }}", "en", "Dec 1");
	check("{{ 'soon' | local_date }}", "en", "soon");
	check("{{ '' | local_date }}|", "en", "|");
}

Test(domain_filters, phones_parts_and_translations)
{
	check("{{ '+4915123456789' | phone }}", "de", "+49 1512 3456789");
	check("{{ '01512 3456789' | phone: 'national' }}", "de", "01512 3456789");
	check("{{ '72221' | phone }}", "de", "72221");
	check("{{ 'x' | phone: 'odd' }}", "de", "phone: international or national");
	check("{{ 'abc' | sms_parts }}", "de", "1");
	check("{{ 'hi' | t: name: 'Lee' }}", "de", "Hi Lee, {unknown} {");
	check("{{ 'n' | t: count: 3 }}", "pl", "few");
	check("{{ 'n' | t: count: 1 }}", "pl", "t: there is no translation of \"n\"");
	check("{{ 'no' | t: default: 'so' }}", "pl", "so");
}

static void note(void *arg, enum liquid_use kind, struct str name, int line, int column)
{
	struct buf *b = arg;

	buf_addc(b, "vpt"[kind]);
	buf_addc(b, ':');
	buf_addstr(b, name);
	buf_addc(b, ' ');
	cr_expect(line >= 1 && column >= 1);
}

Test(domain_filters, what_a_template_refers_to)
{
	static const char source[] =
		"{% assign a = b.c | plus: d %}{{ a }}{{ e.f[g].h }}{% for x in list %}{{ x }}"
		"{{ forloop.index }}{% endfor %}{% if y == z %}{% render 'foot', q: w %}{% endif %}"
		"{{ 'key' | t: n: v }}{{ 'no key' | upcase }}{{ s.size }}";
	struct liquid_syntax syntax = {.mode = LIQUID_STRICT};
	struct liquid_template *t = NULL;
	struct liquid_error e = {0};
	struct buf b;

	buf_init(&b, 4096);
	syntax.filters = domain_filters(&syntax.n_filters);
	cr_assert_eq(liquid_parse(&syntax, str_of(source), &t, &e), 0, "%s", e.msg);
	liquid_uses(t, note, &b);
	cr_expect_str_eq(buf_cstr(&b), "v:b.c v:d v:g v:e.f v:list v:y v:z p:foot v:w t:key v:v v:s ");
	liquid_template_free(&t);
	buf_free(&b);
}
