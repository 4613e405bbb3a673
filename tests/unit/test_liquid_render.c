#include <criterion/criterion.h>

#include "unit/liquid_rig.h"

struct row {
	const char *source, *data, *want;
};

static void check(const struct liquid_rig *rig, const struct row *rows, size_t n)
{
	struct arena *a = arena_new(16 << 20);

	cr_assert(a);
	for (size_t i = 0; i < n; i++) {
		const char *got = liquid_rig_render(a, rig, rows[i].source, rows[i].data);
		cr_expect_str_eq(got, rows[i].want, "%s\n got  %s\n want %s", rows[i].source, got, rows[i].want);
	}
	arena_free(&a);
}

#define CHECK(rig, ...)                                          \
	do {                                                     \
		const struct row rows_[] = {__VA_ARGS__};        \
		check(rig, rows_, sizeof rows_ / sizeof *rows_); \
	} while (0)

static const struct liquid_rig lax = {0}, strict = {.mode = LIQUID_STRICT};

Test(liquid_render, values)
{
	CHECK(&lax, {"{{ a }} {{ b }} {{ c }}", "{\"a\":1,\"b\":1.50,\"c\":true}", "1 1.5 true"},
	      {"{{ a }}", "{\"a\":{\"x\":[1,null,\"q\\\"\"]}}", "{\"x\"=>[1, nil, \"q\\\"\"]}"},
	      {"{{ a }}", "{\"a\":[1,[2,null],\"z\"]}", "12z"}, {"{{ a.b.c }}|{{ a[0] }}", "{}", "|"},
	      {"{{ 1e3 }}{{ x | append: 1e20 }}", "{}", ""}, {"{{ a }}", "{\"a\":1e20}", "1.0e+20"},
	      {"{{ a }} {{ b }}", "{\"a\":0.00001,\"b\":123456789.125}", "1.0e-05 123456789.125"},
	      {"{{ (1..3) }} {{ (1..3) | size }} {{ (3..1) | size }}", NULL, "1..3 3 0"},
	      {"{{ a.size }} {{ a.first }} {{ a.last }} {{ b.size }}", "{\"a\":[7,8],\"b\":\"gr\\u00fc\\u00df\"}",
	       "2 7 8 4"});
}

Test(liquid_render, numbers_of_any_size)
{
	CHECK(&lax, {"{{ 9223372036854775807 | plus: 1 }}", NULL, "9223372036854775808"},
	      {"{{ 99999999999999999999 | times: 99999999999999999999 }}", NULL,
	       "9999999999999999999800000000000000000001"},
	      {"{{ 9999999999999999999800000000000000000001 | divided_by: 99999999999999999999 }}", NULL,
	       "99999999999999999999"},
	      {"{{ -7 | divided_by: 2 }} {{ -7 | modulo: 3 }} {{ 7 | modulo: -3 }}", NULL, "-4 2 -2"},
	      {"{{ 0.1 | plus: 0.2 }} {{ 1.1 | times: 3 }} {{ 20 | divided_by: 7.0 }}", NULL,
	       "0.3 3.3 2.857142857142857"},
	      {"{{ 2.5 | round }} {{ -2.5 | round }} {{ 15 | round: -1 }} {{ 1.005 | round: 2 }}", NULL,
	       "3 -3 20 1.01"},
	      {"{{ -1.2 | ceil }} {{ -1.2 | floor }} {{ 1 | divided_by: 0 }}", NULL, "error 1:38 divided by 0"});
}

Test(liquid_render, loops)
{
	CHECK(&lax,
	      {"{% for i in (1..9) limit: 2 %}{{ i }}{% endfor %}{% for i in (1..9) limit: 2 offset: continue %}"
	       "{{ i }}{% endfor %}",
	       NULL, "1234"},
	      {"{% for p in h %}{{ p[0] }}={{ p[1] }};{% endfor %}", "{\"h\":{\"a\":1,\"b\":2}}", "a=1;b=2;"},
	      {"{% for i in (1..3) reversed %}{{ i }}{{ forloop.rindex0 }}{% else %}none{% endfor %}", NULL, "322110"},
	      {"{% for i in (1..2) %}{% for k in (1..2) %}{{ forloop.parentloop.index }}{{ forloop.index }} {% endfor "
	       "%}"
	       "{% endfor %}",
	       NULL, "11 12 21 22 "},
	      {"{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% elsif i == 4 %}{% break %}{% endif %}{{ i }}"
	       "{% endfor %}{{ i }}",
	       NULL, "13"},
	      {"{% tablerow i in (1..3) cols: 2 %}{{ i }}{% endtablerow %}", NULL,
	       "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n<tr class=\"row2\">"
	       "<td class=\"col1\">3</td></tr>\n"},
	      {"{% for i in (1..3) %}{% cycle 'a', 'b' %}{% cycle x: 1, 2 %}{% endfor %}", NULL, "a1b2a1"});
}

Test(liquid_render, conditions)
{
	CHECK(&lax, {"{% if a and b or c %}y{% else %}n{% endif %}", "{\"a\":true,\"b\":false,\"c\":true}", "y"},
	      {"{% if a or b and c %}y{% else %}n{% endif %}", "{\"a\":true,\"b\":false,\"c\":false}", "y"},
	      {"{% if 'abc' contains 'b' %}y{% endif %}{% unless a contains 2 %}n{% endunless %}", "{\"a\":[1,2]}",
	       "y"},
	      {"{% if a == empty %}e{% endif %}{% if a == blank %}b{% endif %}", "{\"a\":\" \"}", "b"},

	      {"{% if 1 > 'x' %}a{% endif %}", NULL, "error 1:1 comparison of Integer with String failed"},
	      {"{% case a %}{% when 1, 2 %}x{% when 3 or 4 %}y{% else %}z{% endcase %}", "{\"a\":4}", "y"},
	      {"{% if a nor b %}{% endif %}", "{}", "error 1:1 Unknown operator nor"});
}

Test(liquid_render, white_space)
{
	CHECK(&lax, {" a {{- 1 -}} b {%- if true -%} c {%- endif -%} d", NULL, " a1bcd"},
	      {"a{% if true %}  {% assign x = 1 %}  {% endif %}b", NULL, "ab"},
	      {"{% raw %} {{ x }} {% endraw -%} y", NULL, " {{ x }} y"},
	      {"a {% comment %}{% if %}{% endcomment %}{%- # note -%} b", NULL, "a b"},
	      {"{% liquid assign x = 'q'\n echo x | upcase\n if true\n echo 1\n endif %}", NULL, "Q1"});
}

Test(liquid_render, partials)
{
	const struct liquid_rig rig = {
		.partials = "{\"p\":\"{{ p }}{{ x }}{% assign y = 1 %}\",\"deep\":\"{% include 'deep' "
			    "%}\",\"bad\":\"\\n{% if %}\","
			    "\"inc\":\"{% include 'p' %}\",\"loop\":\"{{ forloop.index }}{{ it }} \"}"};

	CHECK(&rig, {"{% include 'p', x: 2 %}{{ y }}", "{\"p\":3}", "321"},
	      {"{% render 'p', x: 2 %}{{ y }}", "{\"p\":3}", "2"}, {"{% render 'p' with 5 %}", NULL, "5"},
	      {"{% render 'loop' for a as it %}", "{\"a\":[\"x\",\"y\"]}", "1x 2y "},
	      {"{% include 'p' for a %}", "{\"a\":[1,2]}", "12"},
	      {"{% include 'deep' %}", NULL, "error 1:1 Nesting too deep"},
	      {"x{% include 'bad' %}", NULL, "error 2:1 Syntax Error in tag 'if' - Valid syntax: if [expression]"},
	      {"{% render 'inc' %}", NULL, "error 1:1 include usage is not allowed in this context"},
	      {"\n {% include 'none' %}", NULL, "error 2:2 Could not find asset none"});
}

Test(liquid_render, strict_says_where)
{
	CHECK(&strict, {"ab\n {{ a b }}", NULL, "error 2:2 Expected end_of_string but found id"},
	      {"{% for i in x foo: 1 %}{% endfor %}", NULL,
	       "error 1:1 Invalid attribute in for loop. Valid attributes are limit and offset"},
	      {"{{ a.0 }}", NULL, "error 1:1 Expected id but found number"},
	      {"{% nope %}", NULL, "error 1:1 Unknown tag 'nope'"},
	      {"{% if a %}\n{% for b in c %}{% endif %}", NULL,
	       "error 2:17 'endif' is not a valid delimiter for for tags. use endfor"},
	      {"{{ 'a' | upcase: 1 }}", NULL, "error 1:1 wrong number of arguments (given 2, expected 1)"},
	      {"{{ a", NULL, "error 1:1 Variable '{{' was not properly terminated with regexp: /\\}\\}/"});
}

Test(liquid_render, escaping_by_channel)
{
	const struct liquid_rig html = {.escape = LIQUID_HTML}, xml = {.escape = LIQUID_XML};

	CHECK(&html, {"<b>{{ a }}</b>{{ a | raw }}{{ a | escape }}", "{\"a\":\"<&\"}", "<b>&lt;&amp;</b><&&lt;&amp;"},
	      {"{% capture x %}<i>{{ a }}</i>{% endcapture %}{{ x }}", "{\"a\":\"<\"}", "<i>&lt;</i>"},
	      {"{{ a | newline_to_br }}{{ b }}", "{\"a\":\"<\\n\",\"b\":[\"'\",2]}", "&lt;<br />\n&#39;2"});
	CHECK(&xml, {"{{ a }}", "{\"a\":\"a\\u0001<\"}", "a&lt;"});
	CHECK(&lax, {"{{ a }}{{ a | raw }}", "{\"a\":\"<\"}", "<<"});
}

Test(liquid_render, limits)
{
	const struct liquid_rig output = {.limits = {.output = 1000}}, steps = {.limits = {.steps = 1000}},
				memory = {.limits = {.memory = 20000}};
	const char *doubling = "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..30) %}{% assign s = s | append: s %}"
			       "{% endfor %}";

	CHECK(&output, {"{% for i in (1..1001) %}x{% endfor %}", NULL, "error 1:25 Output limits exceeded"});
	CHECK(&steps, {"{% for i in (1..100000000) %}{% endfor %}", NULL, "error 1:1 Too many steps"});
	CHECK(&memory, {doubling, NULL, "error 1:58 Memory limits exceeded"});
	CHECK(&lax, {"{{ (1..9999999999) | join: '' }}", NULL, "error 1:1 Too many steps"});
}

Test(liquid_render, inline_errors)
{
	const struct liquid_rig rig = {.inline_errors = true};

	CHECK(&rig, {"a{{ 1 | divided_by: 0 }}b{% assign x = 1 | modulo: 0 %}c", NULL,
		     "aLiquid error (line 1): divided by 0bc"});
}

static int shout(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
		 struct liquid_value *out)
{
	struct str s = liquid_text(c, &in), end = n ? liquid_text(c, &args[0]) : STR("!");
	char *p = liquid_alloc(c, s.n + end.n);

	if (!p)
		return liquid_fail(c, "no room");
	memcpy(p, s.p, s.n);
	memcpy(p + s.n, end.p, end.n);
	*out = liquid_str(str_n(p, s.n + end.n));
	return s.n ? 0 : liquid_fail(c, "nothing to shout");
}

Test(liquid_render, filters_of_the_host)
{
	static const struct liquid_filter filters[] = {{"shout", shout, 0, 1}};
	const struct liquid_rig rig = {.filters = filters, .n_filters = 1};

	CHECK(&rig, {"{{ 'a' | shout }}{{ 'b' | shout: '?' }}", NULL, "a!b?"},
	      {"{{ '' | shout }}", NULL, "error 1:1 nothing to shout"},
	      {"{{ 1 | shout: 1, 2 }}", NULL, "error 1:1 wrong number of arguments (given 3, expected 1..2)"},
	      {"{{ 1 | unheard_of: 3 }}", NULL, "1"});
}

Test(liquid_render, many_renders_with_one)
{
	struct liquid_render *r = liquid_render_new();
	struct liquid_input in = {.limits = {.memory = 4096}};
	struct liquid_template *t;
	struct liquid_error err;
	struct buf out;

	cr_assert(r && liquid_parse(NULL, STR("{% assign a = 'x' | append: 'y' %}{{ a | upcase }}"), &t, &err) == 0);
	buf_init(&out, 100);
	for (int i = 0; i < 1000; i++) {
		buf_reset(&out);
		cr_assert(liquid_render(r, t, &in, &out, &err) == 0);
		cr_assert(str_is(buf_str(&out), "XY"));
	}
	buf_free(&out);
	liquid_template_free(&t);
	liquid_render_free(&r);
}
