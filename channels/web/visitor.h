/*
 * Who is here now: visitors with open pages. Only visitors that have (or had moments ago) a stream are kept; everything
 * that must last is in the timeline. One thread.
 */
#pragma once
#include "base/uuid.h"

struct exchange;

struct page {
	struct page *next;
	struct visitor *visitor;
	struct exchange *e;
	struct uuid after; /* what it had when it came */
	bool catching_up;  /* the past is still being read: what comes meanwhile is read with it */
	bool again;
};

struct visitor {
	struct visitor *chain;
	struct uuid id;
	struct page *pages;
	int64_t seen; /* when the last page went, loop clock; meaningful without pages */
};

enum { VISITOR_HEADS = 1024, PAGES_MAX = 16 };

struct visitors {
	struct visitor *heads[VISITOR_HEADS];
	size_t n, pages_n;
};

struct visitor *visitors_find(struct visitors *v, const struct uuid *id);
/* Adds a page; NULL: out of memory or too many pages of this visitor. */
struct page *visitors_join(struct visitors *v, const struct uuid *id, struct exchange *e);
struct page *visitors_page(struct visitors *v, const struct exchange *e);
/* Removes the page. Returns its visitor, which stays until visitors_forget. */
struct visitor *visitors_leave(struct visitors *v, struct page *p, int64_t now);
/* Calls fn for each visitor without pages since before `before`, then forgets it. */
void visitors_forget(struct visitors *v, int64_t before, void (*fn)(void *arg, const struct visitor *gone), void *arg);
/* Any page, or NULL: to end them all. */
struct page *visitors_any(struct visitors *v);
void visitors_free(struct visitors *v);
