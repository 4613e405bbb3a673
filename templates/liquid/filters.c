#include "liquid/filters.h"

#include <stdlib.h>

#include "liquid/text.h"
#include "liquid/value.h"

static const struct std_filter table[] = {
	/* by name, for bsearch */
	{"abs", 0, 0, filter_abs},
	{"append", 1, 1, filter_append},
	{"at_least", 1, 1, filter_at_least},
	{"at_most", 1, 1, filter_at_most},
	{"base64_decode", 0, 0, filter_base64_decode},
	{"base64_encode", 0, 0, filter_base64_encode},
	{"base64_url_safe_decode", 0, 0, filter_base64_url_safe_decode},
	{"base64_url_safe_encode", 0, 0, filter_base64_url_safe_encode},
	{"capitalize", 0, 0, filter_capitalize},
	{"ceil", 0, 0, filter_ceil},
	{"compact", 0, 1, filter_compact},
	{"concat", 1, 1, filter_concat},
	{"date", 1, 1, filter_date},
	{"default", 0, 2, filter_default},
	{"divided_by", 1, 1, filter_divided_by},
	{"downcase", 0, 0, filter_downcase},
	{"escape", 0, 0, filter_escape},
	{"escape_once", 0, 0, filter_escape_once},
	{"find", 1, 2, filter_find_first},
	{"find_index", 1, 2, filter_find_index},
	{"first", 0, 0, filter_first},
	{"floor", 0, 0, filter_floor},
	{"h", 0, 0, filter_escape},
	{"has", 1, 2, filter_has},
	{"join", 0, 1, filter_join},
	{"last", 0, 0, filter_last},
	{"lstrip", 0, 0, filter_lstrip},
	{"map", 1, 1, filter_map},
	{"minus", 1, 1, filter_minus},
	{"modulo", 1, 1, filter_modulo},
	{"newline_to_br", 0, 0, filter_newline_to_br},
	{"plus", 1, 1, filter_plus},
	{"prepend", 1, 1, filter_prepend},
	{"raw", 0, 255, filter_raw},
	{"reject", 1, 2, filter_reject},
	{"remove", 1, 1, filter_remove},
	{"remove_first", 1, 1, filter_remove_first},
	{"remove_last", 1, 1, filter_remove_last},
	{"replace", 1, 2, filter_replace},
	{"replace_first", 1, 2, filter_replace_first},
	{"replace_last", 2, 2, filter_replace_last},
	{"reverse", 0, 0, filter_reverse},
	{"round", 0, 1, filter_round},
	{"rstrip", 0, 0, filter_rstrip},
	{"size", 0, 0, filter_size_of},
	{"slice", 1, 2, filter_slice},
	{"sort", 0, 1, filter_sort},
	{"sort_natural", 0, 1, filter_sort_natural},
	{"split", 1, 1, filter_split},
	{"strip", 0, 0, filter_strip},
	{"strip_html", 0, 0, filter_strip_html},
	{"strip_newlines", 0, 0, filter_strip_newlines},
	{"sum", 0, 1, filter_sum},
	{"times", 1, 1, filter_times},
	{"truncate", 0, 2, filter_truncate},
	{"truncatewords", 0, 2, filter_truncatewords},
	{"uniq", 0, 1, filter_uniq},
	{"upcase", 0, 0, filter_upcase},
	{"url_decode", 0, 0, filter_url_decode},
	{"url_encode", 0, 0, filter_url_encode},
	{"where", 1, 2, filter_where},
};

static int by_name(const void *key, const void *entry)
{
	const struct str *name = key;
	const char *other = ((const struct std_filter *)entry)->name;
	size_t n = strlen(other), least = name->n < n ? name->n : n;
	int d = memcmp(name->p, other, least);

	return d ? d : (name->n > n) - (name->n < n);
}

const struct std_filter *filter_find(struct str name)
{
	return bsearch(&name, table, sizeof table / sizeof *table, sizeof *table, by_name);
}

static int wrong_count(struct liquid_call *c, size_t given, uint8_t least, uint8_t most)
{
	char range[16] = "";
	struct buf b;

	buf_init(&b, 64);
	if (least == most)
		buf_addf(&b, "%d", least + 1);
	else
		buf_addf(&b, "%d..%d", least + 1, most + 1);
	memcpy(range, buf_str(&b).p, buf_str(&b).n < sizeof range ? buf_str(&b).n : 0);
	buf_free(&b);
	return liquid_fail(c, "wrong number of arguments (given %zu, expected %.15s)", given + 1, range);
}

int filter_call(struct liquid_call *c, const struct call *call, const struct liquid_value *in,
		const struct liquid_value *args, size_t n, struct liquid_value *out)
{
	if (call->std) {
		if (n < call->std->least || n > call->std->most)
			return wrong_count(c, n, call->std->least, call->std->most);
		return call->std->fn(c, *in, args, n, out);
	}
	if (call->host) {
		if (n < call->host->least || n > call->host->most)
			return wrong_count(c, n, call->host->least, call->host->most);
		return call->host->fn(c, *in, args, n, out);
	}
	*out = *in;
	return 0;
}

int made_text(struct liquid_call *c, struct liquid_value *out)
{
	struct str s = buf_str(&c->scratch);

	if (c->scratch.failed || spend(c, s.n / 32))
		return fail_memory(c);
	s = arena_str(c->arena, s);
	if (!s.p)
		return fail_memory(c);
	*out = liquid_str(s);
	return 0;
}

bool filter_size(const struct liquid_value *v, struct liquid_value *out)
{
	switch (v->type) {
	case LIQUID_STR: *out = liquid_int((int64_t)utf8_count(text_of(v))); return true;
	case LIQUID_INT: *out = liquid_int(8); return true; /* bytes, as Integer#size has it */
	case LIQUID_BIG: *out = liquid_int((v->big->n * 30 / 64 + 1) * 8); return true;
	case LIQUID_LIST:
	case LIQUID_ARRAY:
	case LIQUID_RANGE: *out = liquid_int((int64_t)value_count(v)); return true;
	case LIQUID_OBJECT:
		if (v->ops->name)
			return false;
		*out = liquid_int((int64_t)value_count(v));
		return true;
	default: return false;
	}
}

FILTER(filter_size_of)
{
	(void)c;
	(void)args;
	(void)n;
	if (!filter_size(&in, out))
		*out = liquid_int(0);
	return 0;
}

FILTER(filter_default)
{
	struct liquid_value options = n > 1 ? args[1] : liquid_nil(), allow = liquid_nil();
	bool missing;

	(void)c;
	if (options.type == LIQUID_OBJECT)
		value_member(&options, STR("allow_false"), &allow);
	missing = truthy(&allow) ? in.type == LIQUID_NIL : !truthy(&in);
	if (!missing && !value_empty(&in)) {
		*out = in;
		return 0;
	}
	*out = n ? args[0] : liquid_str(STR(""));
	return 0;
}
