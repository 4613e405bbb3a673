/* UTF-8 text as Ruby's String sees it. Offsets and lengths are bytes unless called characters. */
#pragma once
#include "base/str.h"

size_t utf8_count(struct str s);		/* characters */
size_t utf8_offset(struct str s, size_t chars); /* of that character; s.n if there are fewer */
struct str utf8_first(struct str s);
struct str utf8_last(struct str s);
size_t str_find(struct str s, struct str what, size_t from); /* SIZE_MAX: not there */
size_t str_rfind(struct str s, struct str what);

static inline bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}
static inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
struct str strip_left(struct str s); /* white space and NUL */
struct str strip_right(struct str s);

enum letter_case { CASE_UP, CASE_DOWN, CASE_TITLE };
/* Unicode's full mapping, without regard to language and neighbours. */
void add_in_case(struct buf *out, struct str s, enum letter_case how);
