/* The definition of a campaign: what it may say. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "campaign/campaign.h"

static int wrong(struct err *err, const char *code, const char *field, const char *what)
{
	return err_set(err, ERR_SEMANTIC, code, field, "%s", what);
}

static struct str text_of(const json_t *v) { return str_n(json_string_value(v), json_string_length(v)); }

static const json_t *member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_null(v) ? NULL : v;
}

/* A string; absent leaves *out empty. */
static int string(const json_t *o, const char *name, const char *field, size_t max, struct arena *a, struct str *out,
		  struct err *err)
{
	const json_t *v = member(o, name);

	*out = STR("");
	if (!v)
		return 0;
	if (!json_is_string(v) || json_string_length(v) == 0 || json_string_length(v) > max)
		return wrong(err, "string_expected", field, "a string that is neither empty nor too long");
	*out = arena_str(a, text_of(v));
	return out->p ? 0 : err_nomem(err);
}

static int number(const json_t *o, const char *name, const char *field, int64_t min, int64_t max, int64_t *out,
		  struct err *err)
{
	const json_t *v = member(o, name);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return err_set(err, ERR_SEMANTIC, "number_invalid", field, "a whole number from %lld to %lld",
			       (long long)min, (long long)max);
	*out = json_integer_value(v);
	return 0;
}

static int object(const json_t *o, const char *name, const char *field, struct arena *a, struct str *out,
		  struct err *err)
{
	const json_t *v = member(o, name);
	char *text;

	*out = STR("");
	if (!v)
		return 0;
	if (!json_is_object(v))
		return wrong(err, "object_expected", field, "an object is expected");
	text = json_dumps(v, JSON_COMPACT);
	*out = text ? arena_str(a, str_of(text)) : (struct str){0};
	free(text);
	if (!out->p)
		return err_nomem(err);
	return out->n <= 65536 ? 0 : wrong(err, "too_long", field, "more than 64 KiB");
}

static int known(const json_t *o, const char *const *names, const char *prefix, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)o, key, v) {
		size_t k = 0;
		char field[80];
		while (names[k] && strcmp(names[k], key) != 0)
			k++;
		snprintf(field, sizeof field, "%s/%.40s", prefix, key);
		if (!names[k])
			return wrong(err, "unknown_field", field, "this member is not known here");
	}
	return 0;
}

static int read_template(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	static const char *const names[] = {"name", "version", "data", NULL};
	const json_t *t = member(o, "template");
	int64_t version = 0;

	if (!json_is_object(t))
		return wrong(err, "template_missing", "/template", "an object that names the template");
	if (known(t, names, "/template", err) || string(t, "name", "/template/name", 64, a, &p->template, err) ||
	    number(t, "version", "/template/version", 1, INT32_MAX, &version, err) ||
	    object(t, "data", "/template/data", a, &p->data, err))
		return -1;
	p->version = (int)version;
	return p->template.n ? 0 : wrong(err, "template_missing", "/template/name", "the template's name");
}

static int read_channels(const json_t *o, struct plan *p, struct err *err)
{
	const json_t *list = member(o, "channels");

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > CHANNELS_MAX)
		return wrong(err, "channels_invalid", "/channels", "a list of at most four channels");
	for (size_t k = 0; k < json_array_size(list); k++) {
		enum channel c;
		const json_t *v = json_array_get(list, k);
		if (!json_is_string(v) || !channel_parse(text_of(v), &c) || c == CHANNEL_NONE)
			return wrong(err, "word_unknown", "/channels", "not a channel");
		p->channels[p->channels_n++] = c;
	}
	return 0;
}

static bool minutes(const json_t *v, int *out)
{
	struct str s = json_is_string(v) ? text_of(v) : STR("");
	int64_t h, m;

	if (s.n != 5 || s.p[2] != ':' || !str_i64(str_n(s.p, 2), &h) || !str_i64(str_n(s.p + 3, 2), &m))
		return false;
	*out = (int)(h * 60 + m);
	return h >= 0 && m >= 0 && m < 60 && (h < 24 || (h == 24 && m == 0));
}

static int read_days(const json_t *list, struct plan *p, struct err *err)
{
	static const char *const words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) == 0)
		return wrong(err, "days_invalid", "/window/days", "a list of mon, tue, wed, thu, fri, sat, sun");
	for (size_t k = 0; k < json_array_size(list); k++) {
		const char *word = json_string_value(json_array_get(list, k));
		int d = 0;
		while (d < 7 && (!word || strcmp(words[d], word) != 0))
			d++;
		if (d == 7)
			return wrong(err, "days_invalid", "/window/days", "mon, tue, wed, thu, fri, sat or sun");
		p->hours.days |= 1u << d;
	}
	return 0;
}

static int read_window(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	static const char *const names[] = {"from", "until", "days", "time_zone", NULL};
	const json_t *w = member(o, "window");

	p->time_zone = STR("");
	if (!w)
		return 0;
	if (!json_is_object(w))
		return wrong(err, "object_expected", "/window", "an object is expected");
	if (known(w, names, "/window", err) || string(w, "time_zone", "/window/time_zone", 63, a, &p->time_zone, err))
		return -1;
	p->has_hours = true;
	if (p->time_zone.n && !calendar_known(p->time_zone))
		return wrong(err, "time_zone_unknown", "/window/time_zone", "no time zone that is known here");
	if (!minutes(member(w, "from"), &p->hours.from))
		return wrong(err, "time_invalid", "/window/from", "a time of day: \"09:00\"");
	if (!minutes(member(w, "until"), &p->hours.until))
		return wrong(err, "time_invalid", "/window/until", "a time of day: \"20:00\"");
	return read_days(member(w, "days"), p, err);
}

static int read_variant(const json_t *v, struct arena *a, struct campaign_variant *out, struct err *err)
{
	static const char *const names[] = {"name", "weight", "template", "data", NULL};
	int64_t weight = 1;

	if (!json_is_object(v))
		return wrong(err, "object_expected", "/variants", "a variant is an object");
	if (known(v, names, "/variants", err) ||
	    string(v, "name", "/variants", OFFER_VARIANT_MAX, a, &out->name, err) ||
	    string(v, "template", "/variants", 64, a, &out->template, err) ||
	    number(v, "weight", "/variants", 0, 10000, &weight, err) ||
	    object(v, "data", "/variants", a, &out->data, err))
		return -1;
	out->weight = (int)weight;
	return out->name.n ? 0 : wrong(err, "variants_invalid", "/variants", "a variant has a name");
}

static int read_variants(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	const json_t *list = member(o, "variants");
	int total = 0;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > CAMPAIGN_VARIANTS)
		return wrong(err, "variants_invalid", "/variants", "a list of at most eight variants");
	for (size_t k = 0; k < json_array_size(list); k++) {
		struct campaign_variant *v = &p->v[p->n++];
		if (read_variant(json_array_get(list, k), a, v, err))
			return -1;
		for (int i = 0; i < p->n - 1; i++)
			if (str_eq(p->v[i].name, v->name))
				return wrong(err, "variants_invalid", "/variants", "two variants of one name");
		total += v->weight;
	}
	return p->n == 0 || total > 0 ? 0 : wrong(err, "variants_invalid", "/variants", "some variant has a weight");
}

static int read_audience(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	const json_t *all = member(o, "everybody");

	if (all && !json_is_boolean(all))
		return wrong(err, "boolean_expected", "/everybody", "true or false is expected");
	p->everybody = json_is_true(all);
	p->listed = json_is_true(member(o, "listed"));
	if (string(o, "segment", "/segment", 64, a, &p->segment, err))
		return -1;
	return p->everybody + p->listed + (p->segment.n > 0) == 1
		       ? 0
		       : wrong(err, "audience_unclear", "/segment",
			       "exactly one of segment, customers and everybody names the audience");
}

static int read_times(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	int64_t seconds = 0, pace = 0;
	const json_t *hold = member(o, "holdout");
	struct str start;

	if (string(o, "start_at", "/start_at", 40, a, &start, err) ||
	    number(o, "expires_in", "/expires_in", 1, 366 * 86400, &seconds, err) ||
	    number(o, "pace", "/pace", 1, 100000, &pace, err))
		return -1;
	if (start.n && !time_parse(start, &p->start_at))
		return wrong(err, "time_invalid", "/start_at", "a time is RFC 3339: 2026-01-31T18:00:00Z");
	if (hold && (!json_is_number(hold) || json_number_value(hold) < 0 || json_number_value(hold) > 100))
		return wrong(err, "number_invalid", "/holdout", "a percentage");
	p->holdout = hold ? (int)(json_number_value(hold) * 100 + 0.5) : 0;
	p->expires_in = seconds * US_SEC;
	p->pace = (int)pace;
	return 0;
}

int plan_read(const json_t *o, struct arena *a, struct plan *p, struct err *err)
{
	static const char *const names[] = {"template", "segment",  "listed",	"everybody",   "offer_id", "channels",
					    "account",	"from",	    "start_at", "pace",	       "holdout",  "expires_in",
					    "window",	"variants", "learning", "description", NULL};
	struct str offer;

	*p = (struct plan){.version = 0};
	if (known(o, names, "", err) || read_template(o, a, p, err) || read_audience(o, a, p, err) ||
	    string(o, "offer_id", "/offer_id", 36, a, &offer, err) || read_channels(o, p, err) ||
	    string(o, "account", "/account", 63, a, &p->account, err) ||
	    string(o, "from", "/from", ADDRESS_MAX, a, &p->from, err) || read_times(o, a, p, err) ||
	    read_window(o, a, p, err) || read_variants(o, a, p, err))
		return -1;
	if (offer.n && !uuid_parse(offer, &p->offer))
		return wrong(err, "id_invalid", "/offer_id", "an id is a UUID");
	return learning_read(member(o, "learning"), a, p, err);
}

int plan_of(const struct campaign *c, struct arena *a, struct plan *out, struct err *err)
{
	json_t *definition = NULL;
	int r = json_read(c->definition, 14, &definition, err);

	if (r == 0)
		r = plan_read(definition, a, out, err);
	json_decref(definition);
	return r;
}
