/*
 * What a server answered: reply code (RFC 5321 section 4.2), enhanced status code (RFC 3463, RFC 2034), text. Lines come
 * one by one as the server sends them.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { REPLY_TEXT = 240, ENHANCED_MAX = 12 };

struct smtp_reply {
	int code;		     /* 0: none yet */
	char enhanced[ENHANCED_MAX]; /* "5.1.1"; empty if the server gave none */
	char text[REPLY_TEXT];	     /* printable; of several lines, all with a space between */
	bool more;		     /* further lines of it follow */
};

/* One line with or without its CRLF. What is no reply line is left out. */
void smtp_reply_line(struct smtp_reply *r, struct str line);
/* "5.1.1" at the start of a text; its length, 0 if none. Class 2, 4 or 5. */
size_t enhanced_length(struct str text);
