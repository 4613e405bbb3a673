/*
 * HTML mail as text to read: paragraphs and lines, lists, tables by rows, links with where they lead, quotes as "> ",
 * images by their description. Made for what mail programs write: a tokenizer, since no tree is needed for that, and a
 * tree parser's time grows with the square of attributes and of open elements, which is no way to meet a stranger.
 * Linear in time; the result is at most `max` bytes. Pure. Input and output are UTF-8.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

struct str html_text(struct str html, size_t max, struct arena *a); /* .p NULL: out of memory */
/* What a <meta> says the charset is; empty if nothing. Looks at the first bytes only. */
struct str html_charset(struct str html);
