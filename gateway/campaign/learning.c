/* What a definition says of learning, and what is counted. */
#include "campaign/learning.h"

#include "base/clock.h"
#include "campaign/campaign.h"

static const char *const dims[LEARN_DIMS] = {"variant", "channel", "hour"};
static const char *const usual_hours[] = {"08:00-11:00", "11:00-14:00", "14:00-17:00", "17:00-20:00"};
enum { USUAL_HOLDOUT = 500, SEGMENT_NAME = 64 };
#define USUAL_WITHIN (3 * US_DAY)
#define WITHIN_MAX (366 * US_DAY)

static int wrong(struct err *err, const char *code, const char *what)
{
	return err_set(err, ERR_SEMANTIC, code, "/learning", "%s", what);
}

static struct str text_of(const json_t *v)
{
	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR("");
}

/* "all" is what there is a choice of. */
static int read_word(struct str word, struct plan *p, struct err *err)
{
	bool choice[LEARN_DIMS] = {p->n > 1, p->channels_n > 1, true};

	if (str_is(word, "off"))
		return 0;
	for (int d = 0; d < LEARN_DIMS; d++) {
		if (str_is(word, "all"))
			p->learning.of[d] = choice[d];
		if (!str_is(word, dims[d]))
			continue;
		if (!choice[d])
			return wrong(err, "learning_no_choice",
				     d == LEARN_VARIANT ? "there are no two variants" : "no two channels are named");
		p->learning.of[d] = true;
		return 0;
	}
	return str_is(word, "all") ? 0 : wrong(err, "word_unknown", "off, all, variant, channel or hour");
}

static int read_of(const json_t *v, struct plan *p, struct err *err)
{
	if (!json_is_array(v))
		return read_word(text_of(v), p, err);
	for (size_t k = 0; k < json_array_size(v); k++)
		if (read_word(text_of(json_array_get(v, k)), p, err))
			return -1;
	return 0;
}

static bool minutes(struct str s, int *out)
{
	int64_t h, m;

	if (s.n != 5 || s.p[2] != ':' || !str_i64(str_n(s.p, 2), &h) || !str_i64(str_n(s.p + 3, 2), &m))
		return false;
	*out = (int)(h * 60 + m);
	return h >= 0 && m >= 0 && m < 60 && (h < 24 || (h == 24 && m == 0));
}

static bool read_band(struct str s, struct hours *out)
{
	return s.n == 11 && s.p[5] == '-' && minutes(str_n(s.p, 5), &out->from) &&
	       minutes(str_n(s.p + 6, 5), &out->until) && out->from < out->until;
}

static int read_hours(const json_t *v, struct campaign_learning *l, struct err *err)
{
	if (v && (!json_is_array(v) || json_array_size(v) < 2 || json_array_size(v) > LEARN_LEVELS))
		return wrong(err, "hours_invalid", "hours are two to eight spans: \"08:00-11:00\"");
	l->hours_n = v ? (int)json_array_size(v) : (int)(sizeof usual_hours / sizeof *usual_hours);
	for (int k = 0; k < l->hours_n; k++) {
		struct str s = v ? text_of(json_array_get(v, (size_t)k)) : str_of(usual_hours[k]);
		l->hours[k] = (struct hours){0};
		if (!read_band(s, &l->hours[k]))
			return wrong(err, "hours_invalid", "hours are spans of one day: \"08:00-11:00\"");
	}
	return 0;
}

static int read_segments(const json_t *v, struct arena *a, struct campaign_learning *l, struct err *err)
{
	if (v && (!json_is_array(v) || json_array_size(v) > LEARN_CONTEXTS - 1))
		return wrong(err, "segments_invalid", "segments are a list of at most seven names");
	for (size_t k = 0; v && k < json_array_size(v); k++) {
		struct str name = text_of(json_array_get(v, k));
		if (name.n == 0 || name.n > SEGMENT_NAME)
			return wrong(err, "segments_invalid", "a segment is named");
		l->segments[l->segments_n] = arena_str(a, name);
		if (!l->segments[l->segments_n++].p)
			return err_nomem(err);
	}
	return 0;
}

static int read_outcome(const json_t *o, struct campaign_learning *l, struct err *err)
{
	const json_t *outcome = json_object_get(o, "outcome"), *within = json_object_get(o, "within"),
		     *holdout = json_object_get(o, "holdout");
	double percent = json_number_value(holdout);

	l->clicked = str_is(text_of(outcome), "clicked");
	if (outcome && !l->clicked && !str_is(text_of(outcome), "accepted"))
		return wrong(err, "word_unknown", "the outcome is accepted or clicked");
	if (within && (!json_is_integer(within) || json_integer_value(within) < 1 ||
		       json_integer_value(within) > WITHIN_MAX / US_SEC))
		return wrong(err, "number_invalid", "within is a number of seconds, of a year at most");
	if (holdout && (!json_is_number(holdout) || percent < 0 || percent > 100))
		return wrong(err, "number_invalid", "the holdout is a percentage");
	l->within = within ? json_integer_value(within) * US_SEC : USUAL_WITHIN;
	l->holdout = holdout ? (int)(percent * 100 + 0.5) : USUAL_HOLDOUT;
	return 0;
}

static int known(const json_t *o, struct err *err)
{
	static const char *const names[] = {"of", "segments", "outcome", "within", "holdout", "hours"};
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)o, key, v) {
		size_t k = 0;
		while (k < sizeof names / sizeof *names && strcmp(names[k], key) != 0)
			k++;
		if (k == sizeof names / sizeof *names)
			return wrong(err, "unknown_field",
				     "of, segments, outcome, within, holdout and hours are known");
	}
	return 0;
}

int learning_read(const json_t *v, struct arena *a, struct plan *p, struct err *err)
{
	const json_t *o = json_is_object(v) ? v : NULL;

	p->learning = (struct campaign_learning){.clicked = false};
	if (!v || json_is_null(v))
		return 0;
	if (!o && !json_is_string(v))
		return wrong(err, "word_unknown", "off, all, variant, channel, hour, or an object");
	if ((o && (known(o, err) || !json_object_get(o, "of"))) || read_of(o ? json_object_get(o, "of") : v, p, err) ||
	    read_outcome(o, &p->learning, err) || read_hours(json_object_get(o, "hours"), &p->learning, err) ||
	    read_segments(json_object_get(o, "segments"), a, &p->learning, err))
		return err->kind ? -1 : wrong(err, "word_unknown", "\"of\" says what is learned");
	if (learning_on(&p->learning) && uuid_is_nil(&p->offer))
		return wrong(err, "learning_needs_offer", "what is learned from are the answers to an offer");
	return 0;
}

struct learn_shape learning_shape(const struct plan *p)
{
	const struct campaign_learning *l = &p->learning;
	struct learn_shape s = {l->segments_n + 1, {1, 1, 1}};

	if (l->of[LEARN_VARIANT])
		s.levels[LEARN_VARIANT] = p->n;
	if (l->of[LEARN_CHANNEL])
		s.levels[LEARN_CHANNEL] = (int)p->channels_n;
	if (l->of[LEARN_HOUR])
		s.levels[LEARN_HOUR] = l->hours_n;
	return s;
}

/* ---- what is counted ---- */

_Static_assert(LEARN_LEVELS == 8 && LEARN_CONTEXTS == 8, "three bits each");

int64_t learning_code(const struct learning_choice *c)
{
	int64_t x = c->context;

	for (int d = 0; d < LEARN_DIMS; d++)
		x = x << 3 | c->arm.level[d];
	return (x << 1 | c->held) + 1;
}

bool learning_decode(int64_t code, struct learning_choice *out)
{
	int64_t x = (code < 0 ? -code : code) - 1;

	if (x < 0 || x >= 1 << 13)
		return false;
	out->held = x & 1;
	x >>= 1;
	for (int d = LEARN_DIMS - 1; d >= 0; d--) {
		out->arm.level[d] = (int)(x & 7);
		x >>= 3;
	}
	out->context = (int)x;
	return true;
}

int learning_load(struct db *db, const struct uuid *campaign, struct learner *l, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT arm, tried, succeeded FROM learning_arm WHERE campaign_id = $1");
	int r;

	db_bind_uuid(q, 1, campaign);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct learning_choice c;
		if (learning_decode(db_col_i64(q, 0), &c))
			learner_add(l, c.context, &c.arm, (struct learn_count){db_col_i64(q, 1), db_col_i64(q, 2)});
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int learning_count(struct db *db, const struct uuid *campaign, int64_t code, struct learn_count n, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO learning_arm (campaign_id, arm, tried, succeeded)"
				      " VALUES ($1, $2, $3, $4) ON CONFLICT (campaign_id, arm) DO UPDATE SET"
				      " tried = learning_arm.tried + excluded.tried,"
				      " succeeded = learning_arm.succeeded + excluded.succeeded");

	db_bind_uuid(q, 1, campaign);
	db_bind_i64(q, 2, code);
	db_bind_i64(q, 3, n.tried);
	db_bind_i64(q, 4, n.succeeded);
	return db_run(q, err);
}

int learning_switch(struct db *db, const struct uuid *campaign, bool on, struct arena *a, int64_t now, struct err *err)
{
	struct campaign c;
	struct stmt *q;
	struct plan p;

	if (campaign_get(db, campaign, a, &c, err) || plan_of(&c, a, &p, err))
		return -1;
	if (!learning_on(&p.learning))
		return err_set(err, ERR_CONFLICT, "no_learning", NULL, "the campaign's definition does not learn");
	q = db_query(db, "UPDATE campaign SET learning_off = $1, updated_at = $2, version = version + 1 WHERE id = $3");
	db_bind_i64(q, 1, !on);
	db_bind_i64(q, 2, now);
	db_bind_uuid(q, 3, campaign);
	return db_run(q, err);
}
