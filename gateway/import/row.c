/* Rows of CSV. */
#include "import/row.h"

#include <stdio.h>

#include "base/clock.h"
#include "customer/value.h"
#include "import/row_private.h"

void row_free(struct row *r)
{
	json_decref(r->attributes);
	json_decref(r->data);
	r->attributes = r->data = NULL;
}

int row_bad(struct err *err, const char *field, const char *code, const char *what)
{
	return err_set(err, ERR_SEMANTIC, code, field, "%s", what);
}

int row_text(struct str v, size_t max, const char *field, struct str *out, struct err *err)
{
	if (v.n > max)
		return row_bad(err, field, "value_too_long", "this is too long");
	if (memchr(v.p, 0, v.n))
		return row_bad(err, field, "value_invalid", "a zero byte");
	*out = v;
	return 0;
}

int row_stage(struct str v, struct row *r, struct err *err)
{
	if (!stage_parse(v, &r->stage))
		return row_bad(err, "stage", "word_unknown", "a stage is prospect, lead, active, suspended or churned");
	r->has_stage = true;
	return 0;
}

int row_time(struct str v, const char *field, int64_t *out, struct err *err)
{
	return value_time(v, out)
		       ? 0
		       : row_bad(err, field, "time_invalid", "a date (2026-01-31) or a time as RFC 3339 has it");
}

int row_contact(struct str v, enum channel channel, const char *region, struct row *r, struct err *err)
{
	const char *field = channel == CHANNEL_EMAIL ? "email" : "phone";
	struct address a;

	if (address_parse(channel, v, region, &a, err)) {
		if (err)
			snprintf(err->field, sizeof err->field, "%s", field);
		return -1;
	}
	for (size_t k = 0; k < r->contacts; k++)
		if (r->contact[k].scheme == a.scheme && strcmp(r->contact[k].value, a.value) == 0)
			return 0;
	if (r->contacts == ROW_CONTACTS)
		return row_bad(err, field, "too_many", "too many addresses of one customer");
	r->contact[r->contacts++] = a;
	return 0;
}

int row_consent(struct str v, enum channel channel, enum purpose purpose, struct row *r, struct err *err)
{
	static const struct {
		const char *word;
		enum consent_state state;
	} words[] = {{"opt_in", CONSENT_IN}, {"opt_out", CONSENT_OUT}, {"yes", CONSENT_IN}, {"no", CONSENT_OUT},
		     {"true", CONSENT_IN},   {"false", CONSENT_OUT},   {"1", CONSENT_IN},   {"0", CONSENT_OUT}};

	for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
		if (!str_ieq(v, str_of(words[k].word)))
			continue;
		if (r->consents == ROW_CONSENTS)
			return row_bad(err, "consent", "too_many", "too many consents");
		r->consent[r->consents++] = (struct row_consent){channel, purpose, words[k].state};
		return 0;
	}
	return row_bad(err, "consent", "word_unknown", "consent is opt_in or opt_out");
}

static int contacts(struct str cell, enum channel channel, const char *region, struct row *r, struct err *err)
{
	for (size_t i = 0, start = 0; i <= cell.n; i++) {
		struct str one;
		if (i < cell.n && cell.p[i] != ';' && cell.p[i] != '|')
			continue;
		one = str_trim(str_n(cell.p + start, i - start));
		start = i + 1;
		if (one.n && row_contact(one, channel, region, r, err))
			return -1;
	}
	return 0;
}

static bool boolean(struct str v, bool *out)
{
	static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};

	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		if (str_ieq(v, str_of(words[k]))) {
			*out = k % 2;
			return true;
		}
	return false;
}

/* A JSON number: what strtod would take besides (hexadecimal, "inf") is none. */
static json_t *number(struct str v)
{
	char text[80];
	json_t *n = NULL;
	json_error_t e;

	if (v.n >= sizeof text)
		return NULL;
	memcpy(text, v.p, v.n);
	text[v.n] = 0;
	n = json_loads(text, JSON_DECODE_ANY, &e);
	if (json_is_number(n))
		return n;
	json_decref(n);
	return NULL;
}

/* A cell as the value of its type. */
static int typed(struct str v, const struct column *c, json_t **out, struct err *err)
{
	int64_t at;
	bool b;

	*out = NULL;
	switch (c->type) {
	case CELL_NUMBER:
		*out = number(v);
		return *out ? 0 : row_bad(err, c->key, "number_invalid", "not a number as JSON writes it");
	case CELL_BOOLEAN:
		if (!boolean(v, &b))
			return row_bad(err, c->key, "boolean_invalid", "neither true nor false");
		*out = json_boolean(b);
		break;
	case CELL_TIME:
		if (row_time(v, c->key, &at, err))
			return -1;
		*out = json_stringn(v.p, v.n);
		break;
	case CELL_TEXT: *out = json_stringn(v.p, v.n);
	}
	return *out ? 0 : err_nomem(err);
}

static int member(struct str v, const struct column *c, json_t **object, struct err *err)
{
	json_t *value;

	if (typed(v, c, &value, err))
		return -1;
	if (!*object)
		*object = json_object();
	return !*object || json_object_set_new(*object, c->key, value) ? err_nomem(err) : 0;
}

static int cell(struct str v, const struct column *c, const char *region, struct row *r, struct err *err)
{
	switch (c->kind) {
	case COLUMN_IGNORED: return 0;
	case COLUMN_EXTERNAL_ID: return row_text(v, 128, "external_id", &r->external_id, err);
	case COLUMN_NAME: return row_text(v, 200, "name", &r->name, err);
	case COLUMN_LOCALE: return row_text(v, 35, "locale", &r->locale, err);
	case COLUMN_TIME_ZONE: return row_text(v, 64, "time_zone", &r->time_zone, err);
	case COLUMN_TIER: return row_text(v, 64, "tier", &r->tier, err);
	case COLUMN_STAGE: return row_stage(v, r, err);
	case COLUMN_PHONE: return contacts(v, CHANNEL_SMS, region, r, err);
	case COLUMN_EMAIL: return contacts(v, CHANNEL_EMAIL, region, r, err);
	case COLUMN_ATTRIBUTE: return member(v, c, &r->attributes, err);
	case COLUMN_CONSENT: return row_consent(v, c->channel, c->purpose, r, err);
	case COLUMN_EVENT: return row_text(v, 128, "event", &r->event, err);
	case COLUMN_AT: return row_time(v, "at", &r->at, err);
	case COLUMN_EVENT_ID: return row_text(v, 200, "event_id", &r->event_id, err);
	case COLUMN_TEXT: return row_text(v, 10000, "text", &r->text, err);
	case COLUMN_DATA: return member(v, c, &r->data, err);
	case COLUMN_REASON: return row_text(v, 64, "reason", &r->reason, err);
	case COLUMN_SOURCE: return row_text(v, 64, "source", &r->source, err);
	case COLUMN_PURPOSE: return row_text(v, 16, "purpose", &r->purpose, err);
	}
	return 0;
}

int row_from_csv(const struct csv *record, const struct columns *c, const char *region, struct row *out,
		 struct err *err)
{
	*out = (struct row){0};
	if (record->n != c->n)
		return err_set(err, ERR_SEMANTIC, "fields_wrong", NULL, "%zu fields where the header has %zu",
			       record->n, c->n);
	for (size_t k = 0; k < c->n; k++) {
		struct str v = str_trim(record->field[k]);
		if (!str_utf8_ok(v))
			return row_bad(err, NULL, "utf8_invalid", "this is not UTF-8");
		if (v.n && cell(v, &c->v[k], region, out, err))
			return -1;
	}
	return 0;
}
