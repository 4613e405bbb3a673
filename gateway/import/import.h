/*
 * Imports: a file of customers, or of what happened with them, brought in piece by piece. A piece is done inside one write
 * job: its rows, the rejects, and the position in the file that comes after it are committed together. So whoever sends
 * the file asks for the position and goes on there, after a lost answer, a restart or a kill -9 of either side; nothing is
 * done twice and nothing is left out.
 *
 * A row is somebody we know (by external id, else by an address that has an owner) or makes a customer. What it says is
 * written over what is there, what it does not say stays. Never overridden: an address that another customer has (a person
 * is asked whether the two are one) and a consent that was withdrawn; the row is taken all the same, and a note says so.
 * Rows that name an event (see row.h) go to the timeline of a customer who must be there; with an event_id each is taken
 * once, however often it is brought.
 *
 * A file of suppressions makes no customers: each row is an address that gets nothing from now on (customer/suppression.h).
 *
 * Rejects and notes carry the number of the line and are kept (the first IMPORT_REJECTS).
 */
#pragma once
#include "base/json.h"
#include "events/events.h"
#include "model/words.h"

enum { IMPORT_CSV, IMPORT_NDJSON };
enum import_state { IMPORT_OPEN, IMPORT_DONE, IMPORT_CANCELLED };
enum { IMPORT_ROWS = 1000, IMPORT_LINE_MAX = 65536, IMPORT_REJECTS = 100000 };

struct import_request {
	struct str name, author;
	int format;
	int kind;	       /* enum row_kind, row.h */
	int64_t size;	       /* of the file; 0: not told */
	const json_t *columns; /* object of CSV header → column (row.h); may be NULL */
	char delimiter;	       /* 0: found out */
	bool verified;	       /* the addresses are proven to be the customers' */
	const char *region;    /* of numbers in national form; copied; "" only international ones */
};

bool import_kind_parse(struct str s, int *out); /* customers, suppressions */
const char *import_format_word(int format);
bool import_format_parse(struct str s, int *out);

/* All inside a write job, except for reading. */
int import_create(struct db *db, const struct import_request *q, int64_t now, struct uuid *out, struct err *err);
/*
 * The bytes of the file from `offset` on. What lies before the position is passed over; ERR_CONFLICT "offset_ahead" if
 * bytes between are missing. At most IMPORT_ROWS rows are taken, and no line that does not end in the piece, unless it is
 * the `last`: the position then says where to go on. With `last` and all taken the import is done. ERR_CONFLICT
 * "import_closed"; ERR_SEMANTIC for a header that cannot be used (columns_read), which takes nothing.
 */
int import_feed(struct db *db, struct events *ev, const struct uuid *id, int64_t offset, struct str piece, bool last,
		int64_t now, struct err *err);
int import_cancel(struct db *db, const struct uuid *id, int64_t now, struct err *err);

/* ERR_NOT_FOUND "import_not_found". */
int import_json(struct db *db, const struct uuid *id, struct json_out *j, const char *key, struct err *err);
/* Newest first, ids below `before` (nil: all). Returns how many; *last: the id of the last. */
int imports_json(struct db *db, const struct uuid *before, int limit, struct json_out *j, struct uuid *last,
		 struct err *err);
/* NDJSON, one line for each reject or note, in order, lines after `after`. */
int import_rejects(struct db *db, const struct uuid *id, int64_t after, int limit, struct buf *out, struct err *err);
