/* Conditions that hold no others. The member that names the kind, then those that belong to it, and none else. */
#include <stdio.h>

#include "segment/private.h"

enum { NAME_MAX_BYTES = 128, WHERE_MAX = 8, OFTEN_MAX = 100000 };

/* Members beside the tests. */
static int only(struct reader *r, const json_t *o, const char *at, const char *const *names, bool tests, bool times)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)o, name, v) {
		bool ok = (tests && is_test(name, false)) || (times && is_test(name, true));
		for (size_t i = 0; !ok && names[i]; i++)
			ok = strcmp(names[i], name) == 0;
		if (!ok)
			return bad(r, at, strlen(name) < 40 ? name : NULL, "member_unknown",
				   "this member has no meaning here");
	}
	return 0;
}

static int read_tier(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"tier", NULL};
	out->kind = NODE_WORDS;
	out->column = "tier";
	return only(r, o, at, names, false, false) || read_words(r, o, at, "tier", out);
}

static int read_locale(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"locale", NULL};
	out->kind = NODE_WORDS;
	out->column = "locale";
	return only(r, o, at, names, false, false) || read_words(r, o, at, "locale", out);
}

static int read_time_zone(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"time_zone", NULL};
	out->kind = NODE_WORDS;
	out->column = "time_zone";
	return only(r, o, at, names, false, false) || read_words(r, o, at, "time_zone", out);
}

static int read_stage(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"stage", NULL};
	enum stage stage;

	out->kind = NODE_STAGE;
	if (only(r, o, at, names, false, false) || read_words(r, o, at, "stage", out))
		return -1;
	for (size_t k = 0; k < out->values_n; k++)
		if (!stage_parse(out->values[k].text, &stage))
			return bad(r, at, "stage", "word_unknown",
				   "a stage is prospect, lead, active, suspended or churned");
	return 0;
}

static int read_created(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"created", NULL}, *const none[] = {NULL};
	const json_t *when = json_object_get(o, "created");
	char inner[80];

	out->kind = NODE_CREATED;
	snprintf(inner, sizeof inner, "%.60s/created", at);
	if (only(r, o, at, names, false, false))
		return -1;
	if (!json_is_object(when) || json_object_size(when) == 0)
		return bad(r, at, "created", "condition_expected", "for example {\"within\": \"30d\"}");
	return only(r, when, inner, none, false, true) || read_tests(r, when, inner, true, &out->tests);
}

static int read_attribute(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"attribute", NULL};

	out->kind = NODE_ATTRIBUTE;
	if (only(r, o, at, names, true, false) || read_text(r, o, at, "attribute", NAME_MAX_BYTES, &out->name) ||
	    read_tests(r, o, at, false, &out->tests))
		return -1;
	if (out->tests.n == 0)
		return bad(r, at, NULL, "test_missing",
			   "an attribute is tested, with \"is\" or \"exists\" for example");
	return 0;
}

static int read_channel_word(struct reader *r, const json_t *o, const char *at, bool must, enum channel *out)
{
	struct str word;

	if (!must && !json_object_get(o, "channel"))
		return 0;
	if (read_text(r, o, at, "channel", 16, &word))
		return -1;
	if (!channel_parse(word, out) || *out == CHANNEL_NONE)
		return bad(r, at, "channel", "word_unknown", "a channel is sms, email, web or ivr");
	return 0;
}

static int read_channel(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"channel", "verified", NULL};
	const json_t *verified = json_object_get(o, "verified");

	out->kind = NODE_CHANNEL;
	if (only(r, o, at, names, false, false) || read_channel_word(r, o, at, true, &out->channel))
		return -1;
	if (verified && !json_is_true(verified))
		return bad(r, at, "verified", "flag_expected", "\"verified\" is true, or left out");
	out->verified = verified != NULL;
	return 0;
}

static int read_consent(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"consent", "channel", "state", NULL};
	struct str purpose, state = STR("opt_in");

	out->kind = NODE_CONSENT;
	if (only(r, o, at, names, false, false) || read_text(r, o, at, "consent", 16, &purpose) ||
	    read_channel_word(r, o, at, false, &out->channel) ||
	    (json_object_get(o, "state") && read_text(r, o, at, "state", 16, &state)))
		return -1;
	if (!purpose_parse(purpose, &out->purpose))
		return bad(r, at, "consent", "word_unknown", "consent is for service, marketing or survey");
	if (!consent_parse(state, &out->state))
		return bad(r, at, "state", "word_unknown", "a state is opt_in, opt_out or unknown");
	return 0;
}

static int read_often(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	const json_t *v = json_object_get(o, "at_least");

	out->at_least = v ? json_integer_value(v) : 1;
	if (v && (!json_is_integer(v) || out->at_least < 1 || out->at_least > OFTEN_MAX))
		return bad(r, at, "at_least", "number_invalid", "how often: 1 to %d", OFTEN_MAX);
	return 0;
}

static int read_message(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"message", "channel", "at_least", NULL};
	struct str word;

	out->kind = NODE_MESSAGE;
	if (only(r, o, at, names, false, true) || read_text(r, o, at, "message", 16, &word) ||
	    read_channel_word(r, o, at, false, &out->channel) || read_often(r, o, at, out) ||
	    read_tests(r, o, at, true, &out->tests))
		return -1;
	if (!direction_parse(word, &out->direction) || out->direction == DIRECTION_INTERNAL)
		return bad(r, at, "message", "word_unknown", "a message is inbound or outbound");
	return 0;
}

static int read_where(struct reader *r, const json_t *list, const char *at, struct node *out)
{
	static const char *const names[] = {"data", NULL};
	size_t n = json_array_size(list);
	char inner[80];

	if (!json_is_array(list) || n > WHERE_MAX)
		return bad(r, at, "where", "list_expected", "\"where\" is a list of at most %d tests of the data",
			   WHERE_MAX);
	out->where = arena_array(r->arena, struct where, n + 1);
	if (!out->where)
		return err_nomem(r->err);
	for (size_t k = 0; k < n; k++) {
		const json_t *o = json_array_get(list, k);
		struct where *w = &out->where[k];
		snprintf(inner, sizeof inner, "%.50s/where/%zu", at, k);
		if (!json_is_object(o))
			return bad(r, inner, NULL, "condition_expected",
				   "for example {\"data\": \"amount\", \"above\": 50}");
		if (only(r, o, inner, names, true, false) || read_text(r, o, inner, "data", NAME_MAX_BYTES, &w->key) ||
		    read_tests(r, o, inner, false, &w->tests))
			return -1;
		if (w->tests.n == 0)
			return bad(r, inner, NULL, "test_missing",
				   "data is tested, with \"is\" or \"above\" for example");
	}
	out->where_n = n;
	return 0;
}

static int read_event(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"event", "where", "at_least", NULL};
	const json_t *where = json_object_get(o, "where");

	out->kind = NODE_EVENT;
	if (only(r, o, at, names, false, true) || read_text(r, o, at, "event", NAME_MAX_BYTES, &out->name) ||
	    read_often(r, o, at, out) || read_tests(r, o, at, true, &out->tests))
		return -1;
	return where ? read_where(r, where, at, out) : 0;
}

static int read_segment(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	static const char *const names[] = {"in_segment", NULL};

	out->kind = NODE_SEGMENT;
	return only(r, o, at, names, false, false) || read_text(r, o, at, "in_segment", SEGMENT_NAME_MAX, &out->name);
}

int read_leaf(struct reader *r, const json_t *o, const char *at, struct node *out)
{
	/* "channel" belongs to consents and messages as well, so it comes last. */
	static const struct {
		const char *name;
		int (*read)(struct reader *r, const json_t *o, const char *at, struct node *out);
	} leaves[] = {{"tier", read_tier},	     {"stage", read_stage},	{"locale", read_locale},
		      {"time_zone", read_time_zone}, {"created", read_created}, {"attribute", read_attribute},
		      {"consent", read_consent},     {"message", read_message}, {"event", read_event},
		      {"in_segment", read_segment},  {"channel", read_channel}};

	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
		if (json_object_get(o, leaves[i].name))
			return leaves[i].read(r, o, at, out) ? -1 : 0;
	return bad(r, at, NULL, "condition_unknown",
		   "none of all, any, not, tier, stage, locale, time_zone, created, attribute, channel, consent, "
		   "message, event, in_segment");
}
