/* A message as POST /v1/messages takes it, read into outbound's request. {"to":"+49…","text":"…"} is enough. */
#include <stdio.h>

#include "api/api.h"
#include "base/html.h"
#include "outbound/template.h"

enum { HTML_TEXT_MAX = 60 << 10 };

static const char *const names[] = {"to",	  "channel",	 "text",	"subject",	   "from",
				    "account",	  "purpose",	 "priority",	"conversation_id", "send_at",
				    "expires_at", "external_id", "attachments", "options",	   "metadata",
				    "template",	  NULL};
static const char *const to_names[] = {"customer_id", "external_id", "address", "channel", NULL};

static int at_address(struct request *r, const char *field, struct str text, enum channel channel,
		      struct send_request *out, struct err *err)
{
	if (channel == CHANNEL_NONE)
		channel = memchr(text.p, '@', text.n) ? CHANNEL_EMAIL : CHANNEL_SMS;
	if (address_parse(channel, text, app_of(r)->region, &out->address, err)) {
		snprintf(err->field, sizeof err->field, "%s", field);
		return -1;
	}
	out->has_address = true;
	return 0;
}

static int read_to_object(struct request *r, const json_t *to, const char *prefix, struct send_request *out,
			  struct err *err)
{
	struct str address, word;
	enum channel channel = CHANNEL_NONE;
	char at[80], field[80];
	int n = 0, k;

	snprintf(at, sizeof at, "%s/to", prefix);
	if (input_known(to, to_names, at, err))
		return -1;
	if ((k = input_uuid(to, at, "customer_id", &out->customer, err)) < 0)
		return -1;
	n += k;
	if ((k = input_str(to, at, "external_id", 128, &out->external_customer, err)) < 0)
		return -1;
	n += k;
	if ((k = input_str(to, at, "channel", 16, &word, err)) < 0)
		return -1;
	if (k && (!channel_parse(word, &channel) || channel == CHANNEL_NONE))
		return input_word(at, "channel", word, err);
	if ((k = input_str(to, at, "address", ADDRESS_MAX, &address, err)) < 0)
		return -1;
	n += k;
	if (n != 1)
		return err_set(err, ERR_SEMANTIC, "recipient_unclear", at,
			       "exactly one of customer_id, external_id and address names it");
	snprintf(field, sizeof field, "%.60s/address", at);
	return k ? at_address(r, field, address, channel, out, err) : 0;
}

static int read_to(struct request *r, const json_t *o, const char *prefix, struct send_request *out, struct err *err)
{
	const json_t *to = json_object_get(o, "to");
	char field[80];

	snprintf(field, sizeof field, "%s/to", prefix);
	if (json_is_string(to))
		return at_address(r, field, str_n(json_string_value(to), json_string_length(to)), CHANNEL_NONE, out,
				  err);
	if (json_is_object(to))
		return read_to_object(r, to, prefix, out, err);
	return err_set(err, ERR_SEMANTIC, to ? "recipient_invalid" : "missing", field,
		       "an address, or an object that names the recipient");
}

static int one_channel(const json_t *v, const char *prefix, struct send_request *out, struct err *err)
{
	struct str word = json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR("");
	enum channel c;

	if (!channel_parse(word, &c) || c == CHANNEL_NONE)
		return input_word(prefix, "channel", word, err);
	if (out->channels_n == CHANNELS_MAX)
		return err_set(err, ERR_SEMANTIC, "too_many_channels", "/channel", "at most %d channels", CHANNELS_MAX);
	out->channels[out->channels_n++] = c;
	return 0;
}

static int read_channels(const json_t *o, const char *prefix, struct send_request *out, struct err *err)
{
	const json_t *v = json_object_get(o, "channel"), *item;
	size_t i;

	if (!v || json_is_null(v) || (json_is_string(v) && strcmp(json_string_value(v), "auto") == 0))
		return 0;
	if (!json_is_array(v))
		return one_channel(v, prefix, out, err);
	json_array_foreach (v, i, item)
		if (one_channel(item, prefix, out, err))
			return -1;
	return 0;
}

static int read_words(const json_t *o, const char *prefix, struct send_request *out, struct err *err)
{
	struct str s;
	int k;

	if ((k = input_str(o, prefix, "purpose", 16, &s, err)) < 0)
		return -1;
	if (k && !purpose_parse(s, &out->purpose))
		return input_word(prefix, "purpose", s, err);
	if ((k = input_str(o, prefix, "priority", 16, &s, err)) < 0)
		return -1;
	if (k && !priority_parse(s, &out->priority))
		return input_word(prefix, "priority", s, err);
	out->has_priority = k == 1;
	return 0;
}

int read_attachments(struct request *r, const json_t *o, const char *prefix, struct send_request *out, struct err *err)
{
	const json_t *list = json_object_get(o, "attachments"), *item;
	struct attachment *v;
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > 10)
		return err_set(err, ERR_SEMANTIC, "attachments_invalid", "/attachments",
			       "a list of at most 10 attachments");
	v = arena_array(r->arena, struct attachment, json_array_size(list) + 1);
	if (!v)
		return err_nomem(err);
	json_array_foreach (list, i, item) {
		static const char *const known[] = {"sha256", "name", "type", "size", NULL};
		struct str sha = {0};
		char at[80];

		snprintf(at, sizeof at, "%.40s/attachments/%zu", prefix, i);
		if (!json_is_object(item) || input_known(item, known, at, err))
			return err->kind ? -1
					 : err_set(err, ERR_SEMANTIC, "object_expected", at,
						   "an attachment is an object");
		if (input_str(item, at, "sha256", 64, &sha, err) != 1 || sha.n != 64)
			return err_set(err, ERR_SEMANTIC, "attachment_unknown", at,
				       "sha256 names a file uploaded before");
		memcpy(v[i].sha256, sha.p, 64);
		if (input_str(item, at, "name", 255, &v[i].name, err) < 0 ||
		    input_str(item, at, "type", 100, &v[i].type, err) < 0)
			return -1;
		v[i].size = json_integer_value(json_object_get(item, "size"));
	}
	out->attachments = v;
	out->attachments_n = json_array_size(list);
	return 0;
}

/* HTML alone (a mail): its text stands on the timeline, and for those who read no HTML. */
static int read_html(struct request *r, const json_t *o, struct send_request *out, struct err *err)
{
	const json_t *html = json_object_get(json_object_get(o, "options"), "html");

	if (str_trim(out->text).n || !json_is_string(html))
		return 0;
	out->text = html_text(str_n(json_string_value(html), json_string_length(html)), HTML_TEXT_MAX, r->arena);
	return out->text.p ? 0 : err_nomem(err);
}

/* A name, or {"name","version","locale","data"}. */
static int read_template(struct request *r, const json_t *o, const char *prefix, struct send_request *out,
			 struct err *err)
{
	static const char *const known[] = {"name", "version", "locale", "data", NULL};
	const json_t *t = json_object_get(o, "template"), *version;
	char at[80];

	if (!t || json_is_null(t))
		return 0;
	snprintf(at, sizeof at, "%.60s/template", prefix);
	if (json_is_string(t)) {
		out->template.name = str_n(json_string_value(t), json_string_length(t));
	} else {
		if (!json_is_object(t))
			return err_set(err, ERR_SEMANTIC, "object_expected", at, "a name, or an object with a name");
		version = json_object_get(t, "version");
		if (input_known(t, known, at, err) ||
		    input_str(t, at, "name", TEMPLATE_NAME_MAX, &out->template.name, err) < 0 ||
		    input_str(t, at, "locale", TEMPLATE_LOCALE_MAX, &out->template.locale, err) < 0 ||
		    input_json(r, t, at, "data", &out->template.data, err) < 0)
			return -1;
		if (version && (!json_is_integer(version) || json_integer_value(version) < 1 ||
				json_integer_value(version) > INT32_MAX))
			return err_set(err, ERR_SEMANTIC, "version_invalid", at, "a version is a number from 1 on");
		out->template.version = (int)json_integer_value(version);
	}
	if (template_name_check(out->template.name, err)) {
		snprintf(err->field, sizeof err->field, "%s", at);
		return -1;
	}
	return 0;
}

int read_message(struct request *r, const json_t *o, const char *prefix, struct send_request *out, struct err *err)
{
	*out = (struct send_request){.author = r->who.author, .correlation = str_of(r->correlation)};
	if (input_known(o, names, prefix, err) || read_to(r, o, prefix, out, err) ||
	    read_channels(o, prefix, out, err) || read_template(r, o, prefix, out, err) ||
	    input_str(o, prefix, "text", 100000, &out->text, err) < 0 ||
	    input_str(o, prefix, "subject", 998, &out->subject, err) < 0 ||
	    input_str(o, prefix, "from", 255, &out->from, err) < 0 ||
	    input_str(o, prefix, "account", 63, &out->account, err) < 0 || read_words(o, prefix, out, err) ||
	    input_uuid(o, prefix, "conversation_id", &out->conversation, err) < 0 ||
	    input_time(o, prefix, "send_at", &out->send_at, err) < 0 ||
	    input_time(o, prefix, "expires_at", &out->expires_at, err) < 0 ||
	    input_str(o, prefix, "external_id", 128, &out->external_id, err) < 0 ||
	    read_attachments(r, o, prefix, out, err) || input_json(r, o, prefix, "options", &out->options, err) < 0 ||
	    input_json(r, o, prefix, "metadata", &out->metadata, err) < 0 || read_html(r, o, out, err))
		return -1;
	return outbound_check(app_of(r)->outbound, out, now_of(r), err);
}
