/* Rows of NDJSON. */
#include <stdio.h>

#include "import/row_private.h"

static int text(const json_t *v, const char *name, struct str *out, struct err *err)
{
	*out = (struct str){0};
	if (!json_is_string(v))
		return row_bad(err, name, "text_expected", "a text");
	*out = str_n(json_string_value(v), json_string_length(v));
	return 0;
}

/* One address, or a list of them. */
static int contacts(const json_t *v, const char *name, enum channel channel, const char *region, struct row *r,
		    struct err *err)
{
	struct str s;

	if (!json_is_array(v)) {
		if (text(v, name, &s, err))
			return -1;
		return s.n ? row_contact(s, channel, region, r, err) : 0;
	}
	for (size_t k = 0; k < json_array_size(v); k++)
		if (text(json_array_get(v, k), name, &s, err) || row_contact(s, channel, region, r, err))
			return -1;
	return 0;
}

/* {"sms": {"marketing": "opt_in"}} */
static int consents(const json_t *v, struct row *r, struct err *err)
{
	const char *channel_name, *purpose_name;
	json_t *of_channel, *state;

	if (!json_is_object(v))
		return row_bad(err, "consent", "object_expected", "{\"sms\": {\"marketing\": \"opt_in\"}}");
	json_object_foreach ((json_t *)v, channel_name, of_channel) {
		enum channel channel;
		if (!channel_parse(str_of(channel_name), &channel) || channel == CHANNEL_NONE ||
		    !json_is_object(of_channel))
			return row_bad(err, "consent", "word_unknown", "{\"sms\": {\"marketing\": \"opt_in\"}}");
		json_object_foreach (of_channel, purpose_name, state) {
			enum purpose purpose;
			struct str s;
			if (!purpose_parse(str_of(purpose_name), &purpose))
				return row_bad(err, "consent", "word_unknown",
					       "consent is for service, marketing or survey");
			if (text(state, "consent", &s, err) || row_consent(s, channel, purpose, r, err))
				return -1;
		}
	}
	return 0;
}

static int object(json_t *v, const char *name, json_t **out, struct err *err)
{
	if (!json_is_object(v))
		return row_bad(err, name, "object_expected", "an object");
	*out = json_incref(v);
	return 0;
}

static int member(const char *name, json_t *v, const char *region, struct row *r, struct err *err)
{
	const struct {
		const char *name;
		size_t max;
		struct str *to;
	} texts[] = {{"external_id", 128, &r->external_id},
		     {"name", 200, &r->name},
		     {"locale", 35, &r->locale},
		     {"time_zone", 64, &r->time_zone},
		     {"tier", 64, &r->tier},
		     {"event", 128, &r->event},
		     {"event_id", 200, &r->event_id},
		     {"text", 10000, &r->text},
		     {"reason", 64, &r->reason},
		     {"source", 64, &r->source},
		     {"purpose", 16, &r->purpose}};
	struct str s;

	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
		if (strcmp(texts[k].name, name) == 0)
			return text(v, name, &s, err) ? -1 : row_text(s, texts[k].max, name, texts[k].to, err);
	if (strcmp(name, "stage") == 0)
		return text(v, name, &s, err) ? -1 : row_stage(s, r, err);
	if (strcmp(name, "at") == 0)
		return text(v, name, &s, err) ? -1 : row_time(s, name, &r->at, err);
	if (strcmp(name, "phone") == 0)
		return contacts(v, name, CHANNEL_SMS, region, r, err);
	if (strcmp(name, "email") == 0)
		return contacts(v, name, CHANNEL_EMAIL, region, r, err);
	if (strcmp(name, "consent") == 0)
		return consents(v, r, err);
	if (strcmp(name, "attributes") == 0)
		return object(v, name, &r->attributes, err);
	if (strcmp(name, "data") == 0)
		return object(v, name, &r->data, err);
	return row_bad(err, strlen(name) < 60 ? name : NULL, "member_unknown", "this member has no meaning here");
}

int row_from_json(const json_t *o, const char *region, struct row *out, struct err *err)
{
	const char *name;
	json_t *v;

	*out = (struct row){0};
	if (!json_is_object(o))
		return row_bad(err, NULL, "object_expected", "each line is a JSON object");
	json_object_foreach ((json_t *)o, name, v)
		if (!json_is_null(v) && member(name, v, region, out, err))
			return -1;
	return 0;
}
