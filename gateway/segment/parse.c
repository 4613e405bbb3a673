/* From JSON to the tree of conditions. Every refusal names the node by its JSON pointer (RFC 6901). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "segment/private.h"

#undef bad
int bad(struct reader *r, const char *at, const char *name, const char *code, const char *fmt, ...)
{
	char pointer[sizeof r->err->field], text[160];
	va_list ap;

	snprintf(pointer, sizeof pointer, "%s%s%s", at, name ? "/" : "", name ? name : "");
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(r->err, ERR_SEMANTIC, code, pointer, "%s", text);
}

static int read_node(struct reader *r, json_t *o, const char *at, int depth, const struct node **out);

static int read_children(struct reader *r, json_t *list, const char *at, const char *name, int depth, struct node *out)
{
	size_t n = json_array_size(list);
	char pointer[80];

	if (!json_is_array(list) || n == 0)
		return bad(r, at, name, "list_expected", "\"%s\" is a list of at least one condition", name);
	out->children = arena_array(r->arena, const struct node *, n);
	if (!out->children)
		return err_nomem(r->err);
	for (size_t k = 0; k < n; k++) {
		snprintf(pointer, sizeof pointer, "%s/%s/%zu", at, name, k);
		if (read_node(r, json_array_get(list, k), pointer, depth + 1, &out->children[k]))
			return -1;
	}
	out->children_n = n;
	return 0;
}

static int read_not(struct reader *r, json_t *o, const char *at, int depth, struct node *out)
{
	char pointer[80];

	out->children = arena_array(r->arena, const struct node *, 1);
	if (!out->children)
		return err_nomem(r->err);
	out->children_n = 1;
	snprintf(pointer, sizeof pointer, "%s/not", at);
	return read_node(r, o, pointer, depth + 1, &out->children[0]);
}

static int read_node(struct reader *r, json_t *o, const char *at, int depth, const struct node **out)
{
	static const char *const joins[] = {[NODE_ALL] = "all", [NODE_ANY] = "any", [NODE_NOT] = "not"};
	struct node *n;

	if (!json_is_object(o) || json_object_size(o) == 0)
		return bad(r, at, NULL, "condition_expected", "a condition is an object with at least one member");
	if (depth > SEGMENT_DEPTH)
		return bad(r, at, NULL, "segment_too_deep", "conditions nest at most %d levels deep", SEGMENT_DEPTH);
	if (++r->nodes > SEGMENT_NODES)
		return bad(r, at, NULL, "segment_too_large", "a segment has at most %d conditions", SEGMENT_NODES);
	n = arena_alloc(r->arena, sizeof *n);
	if (!n)
		return err_nomem(r->err);
	*out = n;
	snprintf(n->pointer, sizeof n->pointer, "%s", at);
	for (int k = NODE_ALL; k <= NODE_NOT; k++) {
		json_t *inner = json_object_get(o, joins[k]);
		if (!inner)
			continue;
		if (json_object_size(o) != 1)
			return bad(r, at, NULL, "condition_ambiguous", "\"%s\" stands alone in its object", joins[k]);
		n->kind = (enum node_kind)k;
		return k == NODE_NOT ? read_not(r, inner, at, depth, n)
				     : read_children(r, inner, at, joins[k], depth, n);
	}
	return read_leaf(r, o, at, n);
}

int segment_parse_tree(json_t *tree, struct segment **out, struct err *err)
{
	struct segment *s = calloc(1, sizeof *s);
	struct err e = {0};
	struct reader r = {.err = err ? err : &e};

	if (s)
		s->arena = r.arena = arena_new(1 << 20);
	if (!s || !s->arena) {
		free(s);
		return err_nomem(err);
	}
	s->json = json_incref(tree);
	if (read_node(&r, tree, "", 1, &s->root)) {
		segment_free(&s);
		return -1;
	}
	*out = s;
	return 0;
}

int segment_parse(struct str json, struct segment **out, struct err *err)
{
	json_t *tree = NULL;
	int r;

	if (json.n > SEGMENT_TEXT_MAX)
		return err_set(err, ERR_SEMANTIC, "segment_too_large", NULL, "conditions have at most %d bytes",
			       SEGMENT_TEXT_MAX);
	if (json_read(json, 2 * SEGMENT_DEPTH + 8, &tree, err))
		return -1;
	r = segment_parse_tree(tree, out, err);
	json_decref(tree);
	return r;
}

void segment_free(struct segment **s)
{
	if (!*s)
		return;
	json_decref((*s)->json);
	arena_free(&(*s)->arena);
	free(*s);
	*s = NULL;
}
