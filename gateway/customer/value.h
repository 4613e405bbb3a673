/*
 * What a value of an attribute, or of an event's data, is to those who ask for it: a text, a number, true or false, or a
 * time. JSON tells the first three apart; a text in the form of RFC 3339, or of its full-date alone (then midnight, UTC),
 * is a time as well.
 */
#pragma once
#include "base/json.h"

/* Numbers are stored in the database: never renumber. */
enum value_type { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_BOOLEAN, VALUE_TIME };

enum { VALUE_TEXT_MAX = 1024, VALUE_NUMBER_MAX = 32 };

struct value {
	enum value_type type;	    /* NONE: null, or longer than VALUE_TEXT_MAX: nobody finds it */
	struct str text;	    /* strings as they are, everything else as JSON */
	char num[VALUE_NUMBER_MAX]; /* number, or microseconds of a time, in decimal; else empty */
	char *owned;		    /* free() */
};

/* 2026-01-31 or an RFC 3339 date-time. */
bool value_time(struct str s, int64_t *out);
/* -1: no memory. value_free afterwards. */
int value_of(const json_t *v, struct value *out);
void value_free(struct value *v);
