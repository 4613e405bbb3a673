/*
 * The opaque cursor of a list: base64url of where the next page begins. 16 bytes for lists in order of id (timeline),
 * 24 for lists in order of (time, id). Clients hand it back unread; anything else is refused, never guessed at.
 */
#pragma once
#include "base/uuid.h"

struct cursor {
	int64_t at; /* 0 where the id is enough */
	struct uuid id;
};

enum { CURSOR_TEXT = 33 };

/* Writes the text with NUL; returns its length. */
size_t cursor_text(const struct cursor *c, char out[CURSOR_TEXT]);
bool cursor_parse(struct str s, struct cursor *out);
