/*
 * Strings as pointer and length, and a growing buffer that knows its maximum at birth.
 *
 * struct str never owns its bytes and need not end in NUL.
 * struct buf owns its bytes (release with buf_free). After the first failed allocation or the first byte over `max`
 * it is `failed`: later additions do nothing, so a caller checks once at the end. buf_cstr always ends in NUL.
 * Threads: none of this locks; one owner at a time.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})

static inline struct str str_of(const char *s) { return (struct str){s ? s : "", s ? strlen(s) : 0}; }
static inline struct str str_n(const char *p, size_t n) { return (struct str){p, n}; }
static inline bool str_eq(struct str a, struct str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
static inline bool str_is(struct str a, const char *lit) { return str_eq(a, str_of(lit)); }
bool str_ieq(struct str a, struct str b);	    /* ASCII case folding only */
struct str str_trim(struct str s);		    /* ASCII white space at both ends */
struct str str_cut(struct str *s, char c);	    /* what stands before c, or all of it; *s: what stands behind */
bool str_i64(struct str s, int64_t *out);	    /* whole string, decimal, no overflow */
struct str str_utf8_head(struct str s, size_t max); /* at most max bytes of it, cut between two characters */
bool str_utf8_ok(struct str s);			    /* RFC 3629: no overlong, surrogate or > U+10FFFF */
/* Next code point of valid or invalid UTF-8; an invalid byte yields U+FFFD and advances by one. *i < s.n on entry. */
uint32_t str_next(struct str s, size_t *i);

struct buf {
	char *p;
	size_t n, cap, max;
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* also leaves it usable, empty, with the same max */
void buf_reset(struct buf *b); /* empty, memory kept, failure cleared */
void buf_add(struct buf *b, const void *p, size_t n);
/* Room for n more bytes: where they go, or NULL (failed). The caller writes them and adds to b->n. */
char *buf_grow(struct buf *b, size_t n);
static inline char *buf_room(struct buf *b, size_t n)
{
	return !b->failed && n < b->cap - b->n && n <= b->max - b->n ? b->p + b->n : buf_grow(b, n);
}
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addstr(struct buf *b, struct str s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap);
void buf_add_i64(struct buf *b, int64_t v);
void buf_add_utf8(struct buf *b, uint32_t cp);
void buf_consume(struct buf *b, size_t n); /* drop n bytes from the front */
static inline struct str buf_str(const struct buf *b) { return (struct str){b->p ? b->p : "", b->n}; }
const char *buf_cstr(struct buf *b);
/* Hands the NUL-terminated bytes to the caller (free()); NULL if failed. The buffer is empty afterwards. */
char *buf_take(struct buf *b);
