/* A piece of the file, row by row, inside one write job. */
#include <stdio.h>
#include <stdlib.h>

#include "import/apply.h"
#include "import/private.h"

enum { JSON_DEPTH = 12 };

struct feed {
	struct db *db;
	const struct uuid *id;
	struct import_row row;
	struct apply apply;
	struct csv csv;
	struct columns *columns;
	const char *region;
	char delimiter;
	struct str text; /* what is left of the piece */
	bool last;
	int64_t line; /* of the row at hand */
	int rejects;  /* kept of it */
	int rows;
};

/* ---- rejects */

static int keep_reject(struct feed *f, const struct err *why, bool taken, struct err *err)
{
	struct stmt *q;
	struct json_out j;
	struct buf b;
	int r;

	if (f->row.rejected + f->row.noted > IMPORT_REJECTS)
		return 0;
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_int(&j, "line", f->line);
	json_cstr(&j, "code", why->code);
	json_cstr(&j, "field", why->field[0] ? why->field : NULL);
	json_cstr(&j, "detail", why->msg);
	json_bool(&j, "taken", taken);
	json_end(&j);
	q = db_query(f->db, "INSERT INTO import_reject (import_id, line, n, body) VALUES ($1, $2, $3, $4)");
	db_bind_uuid(q, 1, f->id);
	db_bind_i64(q, 2, f->line);
	db_bind_i64(q, 3, f->rejects++);
	db_bind_str(q, 4, buf_str(&b));
	r = b.failed ? (db_done(q), err_nomem(err)) : db_run(q, err);
	buf_free(&b);
	return r;
}

static int note(void *arg, const struct err *why, struct err *err)
{
	struct feed *f = arg;

	f->row.noted++;
	return keep_reject(f, why, true, err);
}

static int reject(struct feed *f, const struct err *why, struct err *err)
{
	f->row.rejected++;
	return keep_reject(f, why, false, err);
}

static int reject_for(struct feed *f, const char *code, const char *what, struct err *err)
{
	struct err why = {0};

	err_set(&why, ERR_SEMANTIC, code, NULL, "%s", what);
	return reject(f, &why, err);
}

/* ---- moving on */

static void consume(struct feed *f, size_t n, size_t lines)
{
	f->text.p += n;
	f->text.n -= n;
	f->row.position += (int64_t)n;
	f->row.line += (int64_t)lines;
	f->line = f->row.line;
	f->rejects = 0;
}

/* The rest of a line that was given up. */
static void skip(struct feed *f)
{
	const char *end = f->text.n ? memchr(f->text.p, '\n', f->text.n) : NULL;

	f->row.skipping = end == NULL;
	consume(f, end ? (size_t)(end - f->text.p) + 1 : f->text.n, end != NULL);
}

/* ---- rows */

static int row_done(struct feed *f, struct row *r, int read, const struct err *why, struct err *err)
{
	enum row_outcome outcome = ROW_UNCHANGED;
	struct err e = {0};

	f->rows++;
	arena_reset(f->apply.arena);
	f->apply.line = f->line;
	if (read == 0 && (read = row_apply(&f->apply, r, &outcome, &e)))
		why = &e;
	row_free(r);
	if (read) {
		if (why->kind == ERR_SEMANTIC || why->kind == ERR_CONFLICT || why->kind == ERR_NOT_FOUND ||
		    why->kind == ERR_INVALID)
			return reject(f, why, err);
		if (err)
			*err = *why;
		return -1;
	}
	f->row.created += outcome == ROW_CREATED;
	f->row.updated += outcome == ROW_UPDATED;
	f->row.unchanged += outcome == ROW_UNCHANGED;
	f->row.events += outcome == ROW_EVENT;
	return 0;
}

static int csv_refused(struct feed *f, enum csv_result why, struct err *err)
{
	switch (why) {
	case CSV_UNTERMINATED: return reject_for(f, "quote_open", "a quote is opened and not closed", err);
	case CSV_AFTER_QUOTE: return reject_for(f, "quote_invalid", "something stands after a closing quote", err);
	case CSV_TOO_MANY: return reject_for(f, "too_many_fields", "too many fields", err);
	case CSV_TOO_LONG:
	case CSV_RECORD:
	case CSV_MORE: break;
	}
	return reject_for(f, "line_too_long", "longer than a row may be; perhaps a quote is not closed", err);
}

/* 1: done one, 0: no more in this piece, -1. */
static int csv_row(struct feed *f, struct err *err)
{
	enum csv_result k = csv_next(&f->csv, f->text, f->delimiter, f->last);
	struct err why = {0};
	struct row r;
	int read;

	if (k == CSV_MORE)
		return 0;
	if (k != CSV_RECORD) {
		if (csv_refused(f, k, err))
			return -1;
		skip(f);
		return 1;
	}
	if (!(f->csv.n == 1 && str_trim(f->csv.field[0]).n == 0)) {
		read = row_from_csv(&f->csv, f->columns, f->region, &r, &why);
		if (row_done(f, &r, read, &why, err))
			return -1;
	}
	consume(f, f->csv.used, f->csv.lines);
	return 1;
}

static int json_row(struct feed *f, struct err *err)
{
	const char *end = memchr(f->text.p, '\n', f->text.n);
	struct str line = str_n(f->text.p, end ? (size_t)(end - f->text.p) : f->text.n), body = str_trim(line);
	struct err why = {0};
	json_t *o = NULL;
	struct row r = {0};
	int read, k;

	if (line.n > IMPORT_LINE_MAX) {
		if (reject_for(f, "line_too_long", "longer than a row may be", err))
			return -1;
		skip(f);
		return 1;
	}
	if (!end && !f->last)
		return 0;
	if (body.n) {
		read = json_read(body, JSON_DEPTH, &o, &why) || row_from_json(o, f->region, &r, &why);
		k = row_done(f, &r, read, &why, err);
		json_decref(o);
		if (k)
			return -1;
	}
	consume(f, line.n + (end != NULL), end != NULL);
	return 1;
}

/* ---- the header */

static char delimiter_of(const struct feed *f, struct str header)
{
	const char *set = json_string_value(json_object_get(f->row.settings, "delimiter"));
	return set && *set ? *set : csv_delimiter(header);
}

static int read_columns(struct feed *f, struct err *err)
{
	if (csv_next(&f->csv, str_of(f->row.header), f->delimiter, true) != CSV_RECORD)
		return err_set(err, ERR_SEMANTIC, "header_invalid", NULL, "the first line is no header");
	return columns_read(&f->csv, json_object_get(f->row.settings, "columns"), f->columns, err) ||
			       columns_check(f->columns, f->apply.kind, err)
		       ? -1
		       : 0;
}

static int take_header(struct feed *f, struct err *err)
{
	size_t mark = f->text.n >= 3 && memcmp(f->text.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, used, lines;
	struct str text = str_n(f->text.p + mark, f->text.n - mark);
	enum csv_result k;

	f->delimiter = delimiter_of(f, text);
	k = csv_next(&f->csv, text, f->delimiter, f->last);
	used = f->csv.used;
	lines = f->csv.lines;
	if (k != CSV_RECORD || !str_utf8_ok(str_n(text.p, k == CSV_RECORD ? used : 0)) || memchr(text.p, 0, used))
		return err_set(
			err, ERR_SEMANTIC, "header_invalid", NULL,
			"the first line is no header of a CSV file in UTF-8, or does not end in the first piece");
	free(f->row.header);
	f->row.header = strndup(text.p, used);
	if (!f->row.header)
		return err_nomem(err);
	if (read_columns(f, err))
		return -1;
	consume(f, mark + used, lines);
	return 0;
}

static int begin_csv(struct feed *f, struct err *err)
{
	f->columns = malloc(sizeof *f->columns);
	if (!f->columns)
		return err_nomem(err);
	if (!*f->row.header)
		return take_header(f, err);
	f->delimiter = delimiter_of(f, str_of(f->row.header));
	return read_columns(f, err);
}

/* ---- the piece */

static int rows(struct feed *f, struct err *err)
{
	int k = 1;

	while (k == 1 && f->text.n && f->rows < IMPORT_ROWS) {
		if (f->row.skipping)
			skip(f);
		else
			k = f->row.format == IMPORT_CSV ? csv_row(f, err) : json_row(f, err);
	}
	return k < 0 ? -1 : 0;
}

static int take(struct feed *f, int64_t offset, int64_t now, struct err *err)
{
	int64_t before = f->row.position - offset;

	if (f->row.state != IMPORT_OPEN)
		return err_set(err, ERR_CONFLICT, "import_closed", NULL, "the import has ended");
	if (before < 0)
		return err_set(err, ERR_CONFLICT, "offset_ahead", "offset",
			       "the bytes before are missing: go on at %lld", (long long)f->row.position);
	if ((uint64_t)before > f->text.n)
		before = (int64_t)f->text.n; /* known already, all of it */
	f->text = str_n(f->text.p + before, f->text.n - (size_t)before);
	if (f->text.n && f->row.format == IMPORT_CSV && begin_csv(f, err))
		return -1;
	if (rows(f, err))
		return -1;
	if (f->last && f->text.n == 0)
		f->row.state = IMPORT_DONE;
	return import_write(f->db, f->id, &f->row, now, err);
}

int import_feed(struct db *db, struct events *ev, const struct uuid *id, int64_t offset, struct str piece, bool last,
		int64_t now, struct err *err)
{
	struct feed *f = calloc(1, sizeof *f);
	int r = -1;

	if (!f)
		return err_nomem(err);
	csv_init(&f->csv);
	f->db = db;
	f->id = id;
	f->text = piece;
	f->last = last;
	f->apply = (struct apply){
		.db = db, .ev = ev, .arena = arena_new(4 << 20), .import = id, .now = now, .note = note, .arg = f};
	if (!f->apply.arena) {
		err_nomem(err);
	} else if (import_read(db, id, &f->row, err) == 0) {
		const char *region = json_string_value(json_object_get(f->row.settings, "region"));
		f->region = region && *region ? region : NULL;
		f->apply.verified = json_is_true(json_object_get(f->row.settings, "verified"));
		f->apply.kind = (enum row_kind)json_integer_value(json_object_get(f->row.settings, "kind"));
		f->line = f->row.line;
		r = take(f, offset, now, err);
		import_row_free(&f->row);
	}
	arena_free(&f->apply.arena);
	csv_free(&f->csv);
	free(f->columns);
	free(f);
	return r;
}
