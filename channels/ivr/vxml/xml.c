/* libxml2, once: its tree is copied into ours, which is smaller, bounded, and knows nothing but elements and text. */
#include <libxml/parser.h>
#include <libxml/uri.h>
#include <limits.h>

#include "ivr/vxml/tree.h"

enum { MAX_NODES = 200000 };

struct copying {
	struct arena *a;
	const char *url;
	int depth, nodes;
	struct err *err;
};

static char *copied(struct arena *a, const xmlChar *s) { return arena_strdup(a, s ? (const char *)s : ""); }

static int copy_attrs(struct copying *c, xmlNode *from, struct node *to)
{
	struct attr **end = &to->attrs;

	for (xmlAttr *x = from->properties; x; x = x->next) {
		bool xml = x->ns && x->ns->prefix && strcmp((const char *)x->ns->prefix, "xml") == 0;
		struct attr *at;
		xmlChar *value;

		if (x->ns && !xml)
			continue;
		value = xmlNodeListGetString(from->doc, x->children, 1);
		if (value && xmlStrlen(value) > 100000) {
			xmlFree(value);
			return tree_fail(c->err, "xml_invalid", c->url, to->line, "an attribute is too long");
		}
		at = arena_alloc(c->a, sizeof *at);
		if (at) {
			at->name = xml ? arena_printf(c->a, "xml:%s", x->name) : copied(c->a, x->name);
			at->value = copied(c->a, value);
		}
		xmlFree(value);
		if (!at || !at->name || !at->value)
			return err_nomem(c->err);
		*end = at;
		end = &at->next;
	}
	return 0;
}

static int copy_kids(struct copying *c, xmlNode *from, struct node *to, int depth);

static struct node *copy_element(struct copying *c, xmlNode *x, struct node *parent, int depth)
{
	struct node *n = arena_alloc(c->a, sizeof *n);

	if (!n) {
		err_nomem(c->err);
		return NULL;
	}
	n->parent = parent;
	n->line = (int)xmlGetLineNo(x);
	n->tag = TAG_OTHER;
	if (depth > c->depth || ++c->nodes > MAX_NODES) {
		tree_fail(c->err, "xml_too_large", c->url, n->line, "too many elements, or too deep");
		return NULL;
	}
	n->name = copied(c->a, x->name);
	n->ns = copied(c->a, x->ns ? x->ns->href : NULL);
	if (!n->name || !n->ns) {
		err_nomem(c->err);
		return NULL;
	}
	return copy_attrs(c, x, n) || copy_kids(c, x, n, depth + 1) ? NULL : n;
}

/* CDATA sections are text like any other: neighbours become one. */
static int copy_text(struct copying *c, xmlNode *x, struct node *parent, struct node **last, struct node ***end)
{
	const char *s = x->content ? (const char *)x->content : "";
	struct node *n = *last;

	if (n && n->tag == TAG_TEXT) {
		char *both = arena_printf(c->a, "%.*s%s", (int)n->text.n, n->text.p, s);

		n->text = both ? str_of(both) : n->text;
		return both ? 0 : err_nomem(c->err);
	}
	if (!(n = arena_alloc(c->a, sizeof *n)))
		return err_nomem(c->err);
	n->tag = TAG_TEXT;
	n->name = n->ns = "";
	n->parent = parent;
	n->line = parent->line;
	n->text = arena_str(c->a, str_of(s));
	if (!n->text.p)
		return err_nomem(c->err);
	**end = n;
	*end = &n->next;
	*last = n;
	return 0;
}

static int copy_kids(struct copying *c, xmlNode *from, struct node *to, int depth)
{
	struct node **end = &to->kids, *last = NULL;

	for (xmlNode *x = from->children; x; x = x->next) {
		switch (x->type) {
		case XML_ELEMENT_NODE:
			if (!(last = copy_element(c, x, to, depth)))
				return -1;
			*end = last;
			end = &last->next;
			break;
		case XML_TEXT_NODE:
		case XML_CDATA_SECTION_NODE:
			if (copy_text(c, x, to, &last, &end))
				return -1;
			break;
		case XML_ENTITY_REF_NODE:
			return tree_fail(c->err, "xml_invalid", c->url, to->line, "the entity \"%s\" is not known",
					 (const char *)x->name);
		default: break;
		}
	}
	return 0;
}

static struct node *parsed(struct copying *c, xmlParserCtxt *ctx, struct str text)
{
	enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES };
	xmlDoc *doc = xmlCtxtReadMemory(ctx, text.p, (int)text.n, NULL, NULL, OPTIONS);
	xmlNode *top = doc ? xmlDocGetRootElement(doc) : NULL;
	struct node *n = NULL;

	if (top) {
		n = copy_element(c, top, NULL, 0);
	} else {
		const char *m = ctx->lastError.message ? ctx->lastError.message : "not XML";

		tree_fail(c->err, "xml_invalid", c->url, ctx->lastError.line, "%.*s", (int)strcspn(m, "\n"), m);
	}
	xmlFreeDoc(doc);
	return n;
}

struct node *tree_read(struct arena *a, struct str text, const char *url, struct tree_limits limits, struct err *err)
{
	struct copying c = {.a = a, .url = url, .depth = limits.depth, .err = err};
	xmlParserCtxt *ctx;
	struct node *n;

	if (text.n > limits.bytes || text.n > INT_MAX / 2) {
		tree_fail(err, "xml_too_large", url, 1, "more than %zu bytes", limits.bytes);
		return NULL;
	}
	if (!(ctx = xmlNewParserCtxt())) {
		err_nomem(err);
		return NULL;
	}
	n = parsed(&c, ctx, text);
	xmlFreeParserCtxt(ctx);
	return n;
}

char *vxml_url(struct arena *a, const char *base, const char *ref)
{
	xmlChar *x = NULL;
	char *out;

	for (const char *p = ref; *p; p++)
		if ((unsigned char)*p <= ' ')
			return NULL;
	if (ref[0] == '#' || ref[0] == '\0') /* the document itself, whatever it is called */
		return arena_printf(a, "%.*s%s", (int)strcspn(base, "#"), base, ref);
	x = xmlBuildURI((const xmlChar *)ref, (const xmlChar *)base);
	out = x ? arena_strdup(a, (const char *)x) : NULL;
	xmlFree(x);
	return out;
}
