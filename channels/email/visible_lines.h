/*
 * The lines of a mail and what each of them is, for mail_visible alone: split and classified one by one
 * (visible_lines.c), then with their neighbours: attributions (visible_said.c), the headers of forwarded mail
 * (visible_head.c), signatures and small print (visible_signs.c). visible.c decides what is kept.
 */
#pragma once
#include "base/arena.h"
#include "email/visible_fold.h"

enum line_kind {
	LINE_BLANK,
	LINE_TEXT,
	LINE_QUOTE,
	LINE_MARK,	/* a quoted mail begins: "On ... wrote:", "-----Original Message-----" */
	LINE_WEAK,	/* "Jo wrote:" before a quote: a mark, or a sentence of the answer */
	LINE_HEAD,	/* From:, Sent:, To:, Subject: of a mail copied below */
	LINE_DELIMITER, /* "-- ", "______", "reply above this line" */
	LINE_GONE	/* of no interest wherever it is: "Sent from my iPhone", PGP armour */
};

struct line {
	struct str s;	 /* without its line end; the last may hold the rest of a very long mail, ends and all */
	struct str body; /* without the quote's ">" */
	unsigned depth;	 /* how many of those */
	enum line_kind kind;
	bool code; /* between ``` fences: nothing in there means anything */
};

struct lines {
	struct line *at;
	size_t n;
};

enum { LINES_MAX = 30000 };

/* Split, every line BLANK, TEXT, QUOTE, DELIMITER, or GONE. NULL `at`: out of memory. */
struct lines lines_of(struct str text, struct arena *a);
size_t lines_next(const struct lines *l, size_t i); /* the next one after i that is not blank, or l->n */
bool line_blank(struct str s);

/* Lines that begin a quoted mail become LINE_MARK or LINE_WEAK; lines_head comes first. */
void lines_said(struct lines *l);

/* Blocks of header fields become LINE_HEAD. */
void lines_head(struct lines *l);
bool head_line(const struct folded *f); /* one line alone looks like a header field of a mail */

/*
 * After lines_said: "Sent from my telephone", in many languages, becomes LINE_GONE, and "Please type your reply above
 * this line" LINE_DELIMITER.
 */
void lines_signs(struct lines *l);
/* "Hello Jo" and no more. */
bool sign_greeting(struct str s);
/* The first line, of those from `from` to `to`, of the small print at the end; `to` if there is none. */
size_t sign_small_print(const struct lines *l, size_t from, size_t to);
