/*
 * One row of an import: what it says of a customer, or what happened with one. From a CSV record by the columns of its
 * header, or from a line of NDJSON. Strings point into the record, the JSON tree, or the arena.
 *
 * CSV columns (NDJSON members of the same names; more values of phone and email as a list):
 *   external_id, name, locale, time_zone, tier, stage
 *   phone, email                 contact points; several in one cell are separated by ";" or "|"
 *   attributes.KEY[:TYPE]        text (default), number, boolean, time; NDJSON: "attributes": {…}, types as in JSON
 *   consent.CHANNEL.PURPOSE      opt_in, opt_out (yes, no, true, false, 1, 0); of the addresses of that channel
 *   event                        the row is something that happened: its name, with
 *   at, event_id, text, data.KEY[:TYPE]   NDJSON: "data": {…}
 *   -                            nothing: the column is passed over
 * and in a list of suppressions nothing but phone, email, and
 *   reason, source, purpose      purpose: all (default), service, marketing, survey
 * An empty cell says nothing.
 */
#pragma once
#include "base/json.h"
#include "import/csv.h"
#include "model/address.h"

enum { ROW_CONTACTS = 16, ROW_CONSENTS = 12, ROW_KEY_MAX = 128 };

struct row_consent {
	enum channel channel;
	enum purpose purpose;
	enum consent_state state;
};

struct row {
	struct str external_id, name, locale, time_zone, tier; /* empty: not said */
	bool has_stage;
	enum stage stage;
	json_t *attributes; /* NULL: none; owned */
	struct address contact[ROW_CONTACTS];
	size_t contacts;
	struct row_consent consent[ROW_CONSENTS];
	size_t consents;
	struct str event, event_id, text;
	int64_t at;			    /* 0: not said */
	json_t *data;			    /* owned */
	struct str reason, source, purpose; /* of suppressions; empty: not said */
};

enum column_kind {
	COLUMN_IGNORED,
	COLUMN_EXTERNAL_ID,
	COLUMN_NAME,
	COLUMN_LOCALE,
	COLUMN_TIME_ZONE,
	COLUMN_TIER,
	COLUMN_STAGE,
	COLUMN_PHONE,
	COLUMN_EMAIL,
	COLUMN_ATTRIBUTE,
	COLUMN_CONSENT,
	COLUMN_EVENT,
	COLUMN_AT,
	COLUMN_EVENT_ID,
	COLUMN_TEXT,
	COLUMN_DATA,
	COLUMN_REASON,
	COLUMN_SOURCE,
	COLUMN_PURPOSE
};

enum cell_type { CELL_TEXT, CELL_NUMBER, CELL_BOOLEAN, CELL_TIME };

struct column {
	enum column_kind kind;
	enum cell_type type;
	char key[ROW_KEY_MAX + 1]; /* of attributes and data */
	enum channel channel;
	enum purpose purpose;
};

struct columns {
	struct column v[CSV_FIELDS];
	size_t n;
};

/* What rows are about. */
enum row_kind { ROW_CUSTOMERS, ROW_SUPPRESSIONS };

/* From the header record. mapping: object of header → column as above, or NULL; a header that it does not name stands for
 * itself. ERR_SEMANTIC "column_unknown", "column_twice", "columns_useless" (nothing says who is meant). */
int columns_read(const struct csv *header, const json_t *mapping, struct columns *out, struct err *err);
/* ERR_SEMANTIC "column_unknown" for one that has no meaning for rows of that kind. */
int columns_check(const struct columns *c, enum row_kind kind, struct err *err);

/* region: ISO 3166, for numbers in national form. Errors are of the row: ERR_SEMANTIC with field naming the column. */
int row_from_csv(const struct csv *record, const struct columns *c, const char *region, struct row *out,
		 struct err *err);
int row_from_json(const json_t *o, const char *region, struct row *out, struct err *err);
void row_free(struct row *r); /* the trees */
