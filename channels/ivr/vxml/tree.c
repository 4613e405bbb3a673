/* Walking the tree, and saying where something is wrong in it. */
#include "ivr/vxml/tree.h"

#include <stdio.h>

const char *node_attr(const struct node *n, const char *name)
{
	for (const struct attr *a = n->attrs; a; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a->value;
	return NULL;
}

const struct node *node_walk(const struct node *top, const struct node *n)
{
	if (!n)
		return top->kids;
	if (n->kids)
		return n->kids;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

char *node_text(struct arena *a, const struct node *n)
{
	const struct node *k = NULL;
	size_t size = 0;
	char *s, *p;

	if (n->tag == TAG_TEXT)
		size = n->text.n;
	while ((k = node_walk(n, k)))
		size += k->tag == TAG_TEXT ? k->text.n : 0;
	if (!(s = p = arena_alloc(a, size + 1)))
		return NULL;
	if (n->tag == TAG_TEXT)
		p = mempcpy(p, n->text.p, n->text.n);
	while ((k = node_walk(n, k)))
		if (k->tag == TAG_TEXT && k->text.n)
			p = mempcpy(p, k->text.p, k->text.n);
	struct str t = str_trim(str_n(s, size));
	s[t.p - s + t.n] = '\0';
	return s + (t.p - s);
}

bool node_blank(const struct node *n) { return n->tag == TAG_TEXT && str_trim(n->text).n == 0; }

int tree_fail(struct err *err, const char *code, const char *url, int line, const char *fmt, ...)
{
	char why[160], field[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	snprintf(field, sizeof field, "%d", line);
	/* A long address is shown by its end, which tells files apart. */
	size_t n = strlen(url);
	return err_set(err, ERR_SEMANTIC, code, field, "%s:%d: %s", n > 70 ? url + n - 70 : url, line, why);
}
