#include "web/visitor.h"

#include <stdlib.h>

static struct visitor **head(struct visitors *v, const struct uuid *id)
{
	/* The random bytes of a UUIDv7 lie in 8..14. */
	return &v->heads[(id->b[9] << 8 | id->b[10]) % VISITOR_HEADS];
}

struct visitor *visitors_find(struct visitors *v, const struct uuid *id)
{
	struct visitor *x = *head(v, id);

	while (x && !uuid_eq(&x->id, id))
		x = x->chain;
	return x;
}

static struct visitor *add(struct visitors *v, const struct uuid *id)
{
	struct visitor *x = calloc(1, sizeof *x), **h = head(v, id);

	if (!x)
		return NULL;
	*x = (struct visitor){.chain = *h, .id = *id};
	*h = x;
	v->n++;
	return x;
}

struct page *visitors_join(struct visitors *v, const struct uuid *id, struct exchange *e)
{
	struct visitor *x = visitors_find(v, id);
	struct page *p;
	int n = 0;

	for (p = x ? x->pages : NULL; p; p = p->next)
		n++;
	if (n >= PAGES_MAX || (!x && !(x = add(v, id))) || !(p = calloc(1, sizeof *p)))
		return NULL;
	*p = (struct page){.next = x->pages, .visitor = x, .e = e};
	x->pages = p;
	v->pages_n++;
	return p;
}

struct page *visitors_page(struct visitors *v, const struct exchange *e)
{
	for (int i = 0; i < VISITOR_HEADS; i++)
		for (struct visitor *x = v->heads[i]; x; x = x->chain)
			for (struct page *p = x->pages; p; p = p->next)
				if (p->e == e)
					return p;
	return NULL;
}

struct visitor *visitors_leave(struct visitors *v, struct page *p, int64_t now)
{
	struct visitor *x = p->visitor;
	struct page **at = &x->pages;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
	v->pages_n--;
	x->seen = now;
	return x;
}

void visitors_forget(struct visitors *v, int64_t before, void (*fn)(void *arg, const struct visitor *gone), void *arg)
{
	for (int i = 0; i < VISITOR_HEADS; i++) {
		for (struct visitor **at = &v->heads[i], *x; (x = *at);) {
			if (x->pages || x->seen >= before) {
				at = &x->chain;
				continue;
			}
			*at = x->chain;
			v->n--;
			if (fn)
				fn(arg, x);
			free(x);
		}
	}
}

struct page *visitors_any(struct visitors *v)
{
	for (int i = 0; i < VISITOR_HEADS; i++)
		for (struct visitor *x = v->heads[i]; x; x = x->chain)
			if (x->pages)
				return x->pages;
	return NULL;
}

void visitors_free(struct visitors *v)
{
	for (int i = 0; i < VISITOR_HEADS; i++) {
		for (struct visitor *x = v->heads[i], *next; x; x = next) {
			next = x->chain;
			for (struct page *p = x->pages, *after; p; p = after) {
				after = p->next;
				free(p);
			}
			free(x);
		}
	}
	*v = (struct visitors){0};
}
