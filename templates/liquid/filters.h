/* The standard filters: a table by name, and what they share. */
#pragma once
#include "liquid/context.h"

struct std_filter {
	const char *name;
	uint8_t least, most; /* arguments */
	liquid_filter_fn *fn;
};

/* What the filters call each other: the value before the bar, the arguments, the result. */
#define FILTER(name)                                                                                       \
	int name(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n, \
		 struct liquid_value *out)

const struct std_filter *filter_find(struct str name);
int filter_call(struct liquid_call *c, const struct call *call, const struct liquid_value *in,
		const struct liquid_value *args, size_t n, struct liquid_value *out);
bool filter_size(const struct liquid_value *v, struct liquid_value *out); /* false: has no size */

/* Text that was made in c->scratch. */
int made_text(struct liquid_call *c, struct liquid_value *out);

FILTER(filter_append);
FILTER(filter_prepend);
FILTER(filter_capitalize);
FILTER(filter_downcase);
FILTER(filter_upcase);
FILTER(filter_strip);
FILTER(filter_lstrip);
FILTER(filter_rstrip);
FILTER(filter_strip_newlines);
FILTER(filter_newline_to_br);
FILTER(filter_replace);
FILTER(filter_replace_first);
FILTER(filter_replace_last);
FILTER(filter_remove);
FILTER(filter_remove_first);
FILTER(filter_remove_last);
FILTER(filter_slice);
FILTER(filter_split);
FILTER(filter_truncate);
FILTER(filter_truncatewords);
FILTER(filter_escape);
FILTER(filter_escape_once);
FILTER(filter_raw);
FILTER(filter_strip_html);
FILTER(filter_url_encode);
FILTER(filter_url_decode);
FILTER(filter_base64_encode);
FILTER(filter_base64_decode);
FILTER(filter_base64_url_safe_encode);
FILTER(filter_base64_url_safe_decode);
FILTER(filter_abs);
FILTER(filter_at_least);
FILTER(filter_at_most);
FILTER(filter_ceil);
FILTER(filter_floor);
FILTER(filter_divided_by);
FILTER(filter_minus);
FILTER(filter_modulo);
FILTER(filter_plus);
FILTER(filter_round);
FILTER(filter_times);
FILTER(filter_default);
FILTER(filter_date);
FILTER(filter_size_of);
FILTER(filter_compact);
FILTER(filter_concat);
FILTER(filter_find_first);
FILTER(filter_find_index);
FILTER(filter_first);
FILTER(filter_has);
FILTER(filter_join);
FILTER(filter_last);
FILTER(filter_map);
FILTER(filter_reject);
FILTER(filter_reverse);
FILTER(filter_sort);
FILTER(filter_sort_natural);
FILTER(filter_sum);
FILTER(filter_uniq);
FILTER(filter_where);
