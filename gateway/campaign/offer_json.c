/* Offers as they are seen: by the API, by templates, and by whoever asks whether one can be had now. */
#include "campaign/draw.h"
#include "campaign/offer.h"

const char *offer_shut(const struct offer *o, int64_t now)
{
	if (o->withdrawn_at)
		return "offer_withdrawn";
	if (o->valid_until && o->valid_until <= now)
		return "offer_over";
	if (o->valid_from > now)
		return "offer_not_begun";
	return o->quantity && o->taken >= o->quantity ? "offer_sold_out" : NULL;
}

static const char *state_word(const struct offer *o, int64_t now)
{
	const char *why = offer_shut(o, now);

	if (!why)
		return "open";
	return strcmp(why, "offer_not_begun") == 0 ? "upcoming" : why + sizeof "offer_" - 1;
}

/* ---- variants ---- */

static const json_t *variant_named(const json_t *list, struct str name)
{
	size_t k;
	json_t *v;

	json_array_foreach (list, k, v) {
		if (str_is(name, json_string_value(json_object_get(v, "name"))))
			return v;
	}
	return NULL;
}

struct str offer_variant(const struct offer *o, const struct uuid *customer, struct arena *a)
{
	int weights[OFFER_VARIANTS_MAX] = {0}, n;
	json_t *list = NULL;
	struct str name = STR("");

	if (o->variants.n == 0 || json_read(o->variants, 12, &list, NULL))
		return name;
	n = (int)json_array_size(list);
	for (int k = 0; k < n && k < OFFER_VARIANTS_MAX; k++)
		weights[k] = (int)json_integer_value(json_object_get(json_array_get(list, (size_t)k), "weight"));
	if (n > 0 && n <= OFFER_VARIANTS_MAX) {
		int k = draw_weighted(draw(&o->id, customer, 1), weights, n);
		const json_t *v = json_object_get(json_array_get(list, (size_t)k), "name");
		name = arena_str(a, str_of(json_string_value(v)));
	}
	json_decref(list);
	return name.p ? name : STR("");
}

/* ---- showing ---- */

static void value_json(struct json_out *j, const struct offer *o)
{
	if (o->amount.n == 0) {
		json_cstr(j, "value", NULL);
		return;
	}
	json_obj(j, "value");
	json_str(j, "amount", o->amount);
	json_str(j, "currency", o->currency);
	json_end(j);
}

static void words_json(struct json_out *j, const char *key, struct str lines)
{
	json_arr(j, key);
	for (size_t at = 0; at < lines.n;) {
		const char *end = memchr(lines.p + at, '\n', lines.n - at);
		size_t n = end ? (size_t)(end - lines.p) - at : lines.n - at;
		json_str(j, NULL, str_n(lines.p + at, n));
		at += n + 1;
	}
	json_end(j);
}

static void name_or_null(struct json_out *j, const char *key, struct str name)
{
	if (name.n)
		json_str(j, key, name);
	else
		json_cstr(j, key, NULL);
}

static void limits_json(struct json_out *j, const struct offer *o)
{
	if (o->quantity) {
		json_int(j, "quantity", o->quantity);
		json_int(j, "remaining", o->taken < o->quantity ? o->quantity - o->taken : 0);
	} else {
		json_cstr(j, "quantity", NULL);
		json_cstr(j, "remaining", NULL);
	}
	json_int(j, "accepted", o->taken);
	json_int(j, "per_customer", o->per_customer);
}

void offer_json(struct json_out *j, const char *key, const struct offer *o, int64_t now)
{
	json_obj(j, key);
	json_uuid(j, "id", &o->id);
	json_str(j, "name", o->name);
	json_str(j, "description", o->description);
	json_cstr(j, "state", state_word(o, now));
	value_json(j, o);
	json_time(j, "valid_from", o->valid_from);
	json_time(j, "valid_until", o->valid_until);
	name_or_null(j, "segment", o->segment);
	json_raw(j, "variants", o->variants.n ? o->variants : STR("[]"));
	json_obj(j, "words");
	words_json(j, "accept", o->yes);
	words_json(j, "decline", o->no);
	json_end(j);
	limits_json(j, o);
	json_obj(j, "answers");
	name_or_null(j, "accepted", o->accepted_template);
	name_or_null(j, "declined", o->declined_template);
	name_or_null(j, "closed", o->closed_template);
	json_end(j);
	json_str(j, "author", o->author);
	json_int(j, "version", o->version);
	json_time(j, "created_at", o->created_at);
	json_time(j, "updated_at", o->updated_at);
	json_end(j);
}

void offer_view(struct json_out *j, const char *key, const struct offer *o, struct str variant)
{
	const json_t *v, *amount, *data;
	json_t *list = NULL;

	if (o->variants.n && json_read(o->variants, 12, &list, NULL))
		list = NULL;
	v = list ? variant_named(list, variant) : NULL;
	amount = json_object_get(v, "amount");
	data = json_object_get(v, "data");
	json_obj(j, key);
	json_uuid(j, "id", &o->id);
	json_str(j, "name", o->name);
	json_str(j, "description", o->description);
	json_str(j, "amount", amount ? str_of(json_string_value(amount)) : o->amount);
	json_str(j, "currency", o->currency);
	json_time(j, "until", o->valid_until);
	json_str(j, "variant", variant);
	if (data)
		json_value(j, "data", data);
	json_end(j);
	json_decref(list);
}
