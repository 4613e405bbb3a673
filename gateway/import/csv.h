/*
 * CSV as RFC 4180 has it, one record at a time from a piece of a file: fields in double quotes may hold delimiters, line
 * ends and doubled quotes; lines end in CRLF or LF. More lenient than the RFC in one point: a quote inside an unquoted
 * field is a character like others, as most programs write it.
 *
 * Pure; the fields point into the text, or into `room` where a doubled quote had to go.
 */
#pragma once
#include "base/str.h"

enum { CSV_FIELDS = 256, CSV_RECORD_MAX = 65536 };

enum csv_result {
	CSV_RECORD,	  /* fields is filled, used bytes belong to it, with the line end */
	CSV_MORE,	  /* the record does not end in this piece */
	CSV_UNTERMINATED, /* the last record of the file ends inside a quote */
	CSV_AFTER_QUOTE,  /* something stands between a closing quote and the delimiter */
	CSV_TOO_LONG,	  /* longer than CSV_RECORD_MAX: perhaps a quote that nobody closed */
	CSV_TOO_MANY	  /* fields */
};

struct csv {
	struct str field[CSV_FIELDS];
	size_t n;	    /* fields */
	size_t used, lines; /* bytes and line ends of the record; of its first line only if it is refused */
	struct buf room;
};

void csv_init(struct csv *c);
void csv_free(struct csv *c);
/* last: there is nothing after the text. An empty line is a record of one empty field. room failing is CSV_TOO_LONG. */
enum csv_result csv_next(struct csv *c, struct str text, char delimiter, bool last);
/* Comma, semicolon or tab: whichever stands most often in the first line, outside of quotes. */
char csv_delimiter(struct str text);
