#include "liquid/json_value.h"

static size_t object_count(const void *self) { return json_object_size(self); }

static bool object_get(const void *self, struct str key, struct liquid_value *out)
{
	const json_t *v = json_object_getn(self, key.p, key.n);

	if (v)
		*out = liquid_json(v);
	return v;
}

static bool object_next(const void *self, void **at, struct str *key, struct liquid_value *out)
{
	json_t *object = (json_t *)self; /* jansson's iterators are for both */

	*at = *at ? json_object_iter_next(object, *at) : json_object_iter(object);
	if (!*at)
		return false;
	*key = str_n(json_object_iter_key(*at), json_object_iter_key_len(*at));
	*out = liquid_json(json_object_iter_value(*at));
	return true;
}

static size_t array_count(const void *self) { return json_array_size(self); }
static void array_element(const void *self, size_t i, struct liquid_value *out)
{
	*out = liquid_json(json_array_get(self, i));
}

static const struct liquid_ops object_ops = {.count = object_count, .get = object_get, .next = object_next};
static const struct liquid_ops array_ops = {.count = array_count, .element = array_element};

struct liquid_value liquid_json(const json_t *v)
{
	if (!v)
		return liquid_nil();
	switch (json_typeof(v)) {
	case JSON_OBJECT: return liquid_object(&object_ops, v);
	case JSON_ARRAY: return (struct liquid_value){.type = LIQUID_ARRAY, .ops = &array_ops, .self = v};
	case JSON_STRING: return liquid_str(str_n(json_string_value(v), json_string_length(v)));
	case JSON_INTEGER: return liquid_int(json_integer_value(v));
	case JSON_REAL: return liquid_float(json_real_value(v));
	case JSON_TRUE: return liquid_bool(true);
	case JSON_FALSE: return liquid_bool(false);
	case JSON_NULL: break;
	}
	return liquid_nil();
}
