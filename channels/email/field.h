/*
 * Header fields of a mail (RFC 5322 section 2.2, RFC 2047), folded at 76 columns. Every function appends one field or none:
 * a value with CR, LF or NUL is refused with ERR_SEMANTIC "header_invalid", so that no value can end its field.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Free text: words that are not plain ASCII become encoded words. An empty value still makes the field. */
int field_text(struct buf *out, const char *name, struct str value, struct err *err);
/* Structured text that is ASCII already, folded at its spaces only: Message-IDs. */
int field_words(struct buf *out, const char *name, struct str value, struct err *err);
/* "Name: Anna <anna@example.com>"; without display name, "Name: anna@example.com". */
int field_mailbox(struct buf *out, const char *name, struct str display, struct str mailbox, struct err *err);

bool field_one_line(struct str s); /* no CR, LF or NUL */
bool field_token_ok(struct str s); /* printable ASCII without spaces, not empty */
bool field_ids_ok(struct str s);   /* one or more "<...@...>" with spaces between */
