/*
 * What a person wrote now, out of the plain text of a mail: without the mail quoted or forwarded below it, signatures,
 * the line a telephone adds and the small print of companies. Answers written between quoted lines keep the quotes they
 * answer; a mail that is nothing but a quote is shown as it is.
 *
 * There is no standard for any of this but the signature delimiter "-- " (RFC 3676 section 4.3) and the ">" of quoted
 * lines (section 4.5): the rest are the habits of mail programs in some thirty languages. It can be wrong, so the whole
 * text is always kept beside it.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/*
 * `text` is UTF-8 (any bytes are taken). The result is trimmed; it is a slice of `text`, or a copy in the arena when lines
 * in between are left out or line ends were not \n. Empty when nothing was written. Out of memory: the whole text, trimmed.
 * Pure and thread-safe; time is linear in the length, memory a part of it and at most 4 MB more.
 */
struct str mail_visible(struct str text, struct arena *a);
