/* Writes the text of an HTML mail: folds white space, keeps lines, marks of lists and quotes in order. See html.h. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

enum { HTML_LISTS = 8, HTML_QUOTES = 16 };

struct html_writer {
	struct buf out;
	int breaks;  /* line ends due before the next character */
	bool space;  /* a space due */
	bool inside; /* something stands on this line already */
	bool cell;   /* a cell's border is due */
	bool ruled;  /* the table shows its borders */
	int pre, quotes, lists;
	int number[HTML_LISTS]; /* of the last item; -1: bullets */
	bool mark;		/* the mark of an item is due */
	char href[400];
	size_t href_at; /* where the text of the link begins */
	bool linked;
};

void html_begin(struct html_writer *w, size_t max);
struct str html_end(struct html_writer *w, struct arena *a);
bool html_full(const struct html_writer *w);
void html_char(struct html_writer *w, uint32_t cp);
void html_newline(struct html_writer *w);		     /* <br> */
void html_break(struct html_writer *w, int lines, bool row); /* at least so many line ends; row: of a table */
void html_rule(struct html_writer *w);
void html_table(struct html_writer *w, bool close, bool border);
void html_cell(struct html_writer *w, bool head);
void html_list(struct html_writer *w, bool close, bool numbered);
void html_item(struct html_writer *w, bool close);
void html_quote(struct html_writer *w, bool close);
void html_pre(struct html_writer *w, bool close);
void html_link_open(struct html_writer *w, const char *href);
void html_link_close(struct html_writer *w);
