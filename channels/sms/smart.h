/*
 * Typographic characters that a text can do without, so that it stays in the cheaper alphabet: quotation marks, dashes,
 * wide blanks, invisible characters; and letters that were written as a letter with a combining mark, which are one
 * character in the GSM tables. Pure; any thread.
 */
#pragma once
#include "base/str.h"

/* What may stand in for cp, in characters that are the same in ASCII and in every GSM table; NULL if nothing may. */
const char *smart_look_alike(uint32_t cp);
/* The one character for a letter and a combining mark; 0 if the GSM tables have none. */
uint32_t smart_compose(uint32_t letter, uint32_t mark);
/* Appends text with all such pairs composed. False: there is none, and nothing is appended. */
bool smart_compose_text(struct str text, struct buf *out);
