/* The names of charsets in mail, and what reads each. */
#pragma once
#include "base/str.h"

enum charset_kind {
	CHARSET_ASCII, /* or nothing said */
	CHARSET_UTF8,
	CHARSET_WESTERN, /* ISO 8859-1 read as windows-1252, as all mail programs do */
	CHARSET_EIGHT,	 /* ASCII below 0x80: ASCII needs no conversion */
	CHARSET_SEVEN,	 /* another meaning of ASCII bytes: ISO 2022, UTF-7 */
	CHARSET_WIDE,	 /* UTF-16, UTF-32 */
	CHARSET_HZ
};

struct charset {
	const char *name; /* lower case, without "-", "_", " ", ":" and "." */
	const char *iconv;
	enum charset_kind kind;
};

const struct charset *charset_find(struct str label); /* NULL: not known */
