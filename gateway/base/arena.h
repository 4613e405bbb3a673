/*
 * Arena: one per unit of work (request, inbound item, batch); everything in it is freed at once.
 * Allocations are zeroed and 16-byte aligned; NULL when memory or `max` is exhausted. Not thread-safe.
 */
#pragma once
#include <stdarg.h>

#include "base/str.h"

struct arena;

struct arena *arena_new(size_t max);
/* Accepts NULL and a pointer to NULL; the handle may lie in memory of the arena itself. */
void arena_free(struct arena **a);
void arena_reset(struct arena *a); /* keeps the first block for the next unit of work */
void *arena_alloc(struct arena *a, size_t n);
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *p, size_t n);
struct str arena_str(struct arena *a, struct str s); /* copy, NUL-terminated; .p NULL when out of memory */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))
