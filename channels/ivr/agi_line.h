/* Lines of AGI, read and written. Pure. */
#pragma once
#include "base/str.h"

enum { AGI_LINE_MAX = 4096, AGI_ENV_MAX = 128 };

/* "agi_callerid: 01512345\n" → name "callerid", value; false: it is none. Parts lie in the line. */
bool agi_env(struct str line, struct str *name, struct str *value);

struct agi_reply {
	int code;	  /* 200, 510, 511, 520; 0: the channel is hung up ("HANGUP") */
	bool more;	  /* "520-": further lines of the same answer follow */
	int64_t result;	  /* of 200; -1 if there is none */
	struct str extra; /* what stands in parentheses */
	int64_t endpos;	  /* samples; -1: not told */
};

/* One line without its end; false: it is no answer. */
bool agi_reply_parse(struct str line, struct agi_reply *out);

/* Adds a space and the argument in quotes; line ends and control characters become spaces. */
void agi_arg(struct buf *out, struct str s);
/* The text as one argument of an application: without what dialplans take for more than text. */
void agi_plain(struct buf *out, struct str s);
