#include "api/input.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/settings.h"

enum { DEPTH = 24 }; /* conditions of segments go deepest */

static void free_tree(void *p) { json_decref(p); }

static int refuse(enum err_kind kind, const char *code, const char *prefix, const char *name, const char *what,
		  struct err *err)
{
	char field[80];

	snprintf(field, sizeof field, "%s/%s", prefix, name);
	return err_set(err, kind, code, field, "%s", what);
}

int input_known(const json_t *o, const char *const *names, const char *prefix, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)o, key, v) {
		size_t i = 0;
		while (names[i] && strcmp(names[i], key) != 0)
			i++;
		if (!names[i]) {
			char short_key[41];
			snprintf(short_key, sizeof short_key, "%.40s", key);
			return refuse(ERR_SEMANTIC, "unknown_field", prefix, short_key, "this member is not known here",
				      err);
		}
	}
	return 0;
}

int input_object(struct request *r, const char *const *names, json_t **out, struct err *err)
{
	struct str type = request_in_header(r, "Content-Type");
	json_t *o = NULL;

	if (type.n && !(type.n >= 16 && str_ieq(str_n(type.p, 16), STR("application/json"))))
		return err_set(err, ERR_INVALID, "media_type_unsupported", "Content-Type",
			       "the body is application/json");
	if (json_read(r->body.n ? r->body : STR("{}"), DEPTH, &o, err))
		return -1;
	request_defer(r, free_tree, o);
	if (!json_is_object(o))
		return err_set(err, ERR_INVALID, "object_expected", "", "the body is a JSON object");
	*out = o;
	return input_known(o, names, "", err);
}

static const json_t *member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_null(v) ? NULL : v;
}

int input_str(const json_t *o, const char *prefix, const char *name, size_t max, struct str *out, struct err *err)
{
	const json_t *v = member(o, name);

	if (!v)
		return 0;
	if (!json_is_string(v))
		return refuse(ERR_SEMANTIC, "string_expected", prefix, name, "a string is expected", err);
	if (json_string_length(v) > max)
		return refuse(ERR_SEMANTIC, "too_long", prefix, name, "this is too long", err);
	*out = str_n(json_string_value(v), json_string_length(v));
	return 1;
}

int input_uuid(const json_t *o, const char *prefix, const char *name, struct uuid *out, struct err *err)
{
	struct str s;
	int r = input_str(o, prefix, name, 36, &s, err);

	if (r == 1 && !uuid_parse(s, out))
		return refuse(ERR_SEMANTIC, "id_invalid", prefix, name, "an id is a UUID", err);
	return r;
}

int input_time(const json_t *o, const char *prefix, const char *name, int64_t *out, struct err *err)
{
	struct str s;
	int r = input_str(o, prefix, name, 40, &s, err);

	if (r == 1 && !time_parse(s, out))
		return refuse(ERR_SEMANTIC, "time_invalid", prefix, name, "a time is RFC 3339: 2026-01-31T18:00:00Z",
			      err);
	return r;
}

int input_bool(const json_t *o, const char *prefix, const char *name, bool *out, struct err *err)
{
	const json_t *v = member(o, name);

	if (!v)
		return 0;
	if (!json_is_boolean(v))
		return refuse(ERR_SEMANTIC, "boolean_expected", prefix, name, "true or false is expected", err);
	*out = json_is_true(v);
	return 1;
}

int input_json(struct request *r, const json_t *o, const char *prefix, const char *name, struct str *out,
	       struct err *err)
{
	const json_t *v = member(o, name);
	char *text;

	if (!v)
		return 0;
	if (!json_is_object(v))
		return refuse(ERR_SEMANTIC, "object_expected", prefix, name, "an object is expected", err);
	text = json_dumps(v, JSON_COMPACT);
	if (!text)
		return err_nomem(err);
	*out = arena_str(r->arena, str_of(text));
	free(text);
	if (!out->p)
		return err_nomem(err);
	return out->n <= 65536 ? 1 : refuse(ERR_SEMANTIC, "too_long", prefix, name, "more than 64 KiB", err);
}

int input_missing(const char *prefix, const char *name, struct err *err)
{
	return refuse(ERR_SEMANTIC, "missing", prefix, name, "this member is needed", err);
}

int input_word(const char *prefix, const char *name, struct str value, struct err *err)
{
	char field[80];

	snprintf(field, sizeof field, "%s/%s", prefix, name);
	return err_set(err, ERR_SEMANTIC, "word_unknown", field, "\"%.*s\" is not one of the words known here",
		       (int)(value.n < 40 ? value.n : 40), value.p);
}

int query_limit(struct request *r, int *out, struct err *err)
{
	struct str s = request_query(r, "limit");
	int64_t n = 50;

	if (s.p && (!str_i64(s, &n) || n < 1 || n > 200))
		return err_set(err, ERR_INVALID, "limit_invalid", "limit", "limit is a number from 1 to 200");
	*out = (int)n;
	return 0;
}

int query_time(struct request *r, const char *name, int64_t *out, struct err *err)
{
	struct str s = request_query(r, name);

	if (s.p && !time_parse(s, out))
		return err_set(err, ERR_INVALID, "time_invalid", name, "a time is RFC 3339: 2026-01-31T18:00:00Z");
	return 0;
}

int query_uuid(struct request *r, const char *name, struct uuid *out, struct err *err)
{
	struct str s = request_query(r, name);

	if (s.p && !uuid_parse(s, out))
		return err_set(err, ERR_INVALID, "id_invalid", name, "an id is a UUID");
	return 0;
}

int query_words(struct request *r, const char *name, bool (*parse)(struct str s, unsigned *out), unsigned *out,
		struct err *err)
{
	struct str s = request_query(r, name), item;
	char list[200];
	size_t pos = 0;
	unsigned v;

	*out = 0;
	if (!s.p)
		return 0;
	if (s.n >= sizeof list)
		return err_set(err, ERR_INVALID, "too_long", name, "this list is too long");
	memcpy(list, s.p, s.n);
	list[s.n] = 0;
	while (settings_list_next(list, &pos, &item)) {
		if (!parse(item, &v))
			return err_set(err, ERR_INVALID, "word_unknown", name,
				       "\"%.*s\" is not one of the words known here", (int)(item.n < 40 ? item.n : 40),
				       item.p);
		*out |= 1u << v;
	}
	return 0;
}
