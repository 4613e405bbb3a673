#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 4096, ALIGN = 16 };

struct block {
	struct block *next;
	size_t cap, used;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *head; /* newest first; the last is the one kept by reset */
	size_t max, total;
};

struct arena *arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof *a);
	if (a)
		a->max = max;
	return a;
}

static void blocks_free(struct block *b)
{
	for (struct block *next; b; b = next) {
		next = b->next;
		free(b);
	}
}

void arena_free(struct arena **handle)
{
	struct arena *a = handle ? *handle : NULL;

	if (!a)
		return;
	*handle = NULL; /* first: the handle may lie in the arena itself */
	blocks_free(a->head);
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *b = a->head;

	while (b && b->next) {
		struct block *next = b->next;
		free(b);
		b = next;
	}
	if (b)
		b->used = 0;
	a->head = b;
	a->total = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->head;
	void *p;

	if (n > a->max || n > a->max - a->total)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!b || b->cap - b->used < n) {
		size_t cap = n > BLOCK ? n : BLOCK;
		b = malloc(sizeof *b + cap);
		if (!b)
			return NULL;
		*b = (struct block){.next = a->head, .cap = cap};
		a->head = b;
	}
	p = b->data + b->used;
	b->used += n;
	a->total += n;
	return memset(p, 0, n);
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_alloc(a, n ? n : 1);
	return q && n ? memcpy(q, p, n) : q;
}

char *arena_strndup(struct arena *a, const char *p, size_t n)
{
	char *q = arena_alloc(a, n + 1);
	if (q && n)
		memcpy(q, p, n);
	return q;
}

char *arena_strdup(struct arena *a, const char *s) { return s ? arena_strndup(a, s, strlen(s)) : NULL; }

struct str arena_str(struct arena *a, struct str s) { return (struct str){arena_strndup(a, s.p, s.n), s.n}; }

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	char *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}
