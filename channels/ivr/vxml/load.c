/* From bytes to a document: read, held to the schema, its names and grammars made ready. */
#include <stdio.h>
#include <stdlib.h>

#include "ivr/vxml/doc.h"
#include "ivr/vxml/script.h"

enum { DOCUMENT_MAX = 1 << 20, DEPTH_MAX = 60 };

struct loading {
	struct arena *a;
	struct vxml_doc *d;
	struct err *err;
};

static int fail(const struct loading *l, const struct node *n, const char *why)
{
	return tree_fail(l->err, "menu_invalid", l->d->url, n->line, "%s", why);
}

/* A grammar's own error knows no line. */
static int grammar_failed(const struct loading *l, const struct node *n)
{
	char why[120];

	if (strcmp(l->err->code, "grammar_unsupported") == 0 || l->err->kind == ERR_INTERNAL)
		return -1;
	snprintf(why, sizeof why, "%.110s", l->err->msg);
	return tree_fail(l->err, "grammar_unsupported", l->d->url, n->line, "%s", why);
}

static int load_grammar(const struct loading *l, struct node *n)
{
	const char *src = node_attr(n, "src");
	bool inner = false;

	for (const struct node *k = n->kids; k; k = k->next)
		inner |= !node_blank(k);
	if (inner == (src || node_attr(n, "srcexpr")))
		return fail(l, n, "<grammar> needs either content or src");
	if (src && strncmp(src, "builtin:", 8) == 0) {
		const char *type = strchr(src, '/');

		n->grammar = gram_builtin(l->a, type ? type + 1 : src + 8, l->err);
		return n->grammar ? 0 : grammar_failed(l, n);
	}
	if (inner && !(n->grammar = gram_srgs(l->a, n, NULL, l->d->url, l->err)))
		return -1;
	return 0;
}

static int load_choice(const struct loading *l, struct node *n, const char *keys, bool approximate)
{
	const char *accept = node_attr(n, "accept");
	bool own = false; /* it brings a grammar of its own */
	char *words = arena_strdup(l->a, "");

	for (const struct node *k = n->kids; k; k = k->next) {
		own |= k->tag == TAG_GRAMMAR;
		if (k->tag == TAG_TEXT && words)
			words = arena_printf(l->a, "%s %.*s", words, (int)k->text.n, k->text.p);
	}
	if (accept)
		approximate = strcmp(accept, "approximate") == 0;
	if (!words)
		return err_nomem(l->err);
	n->var = keys;
	if (keys && !(n->grammar = gram_keys(l->a, keys, l->err)))
		return grammar_failed(l, n);
	if (!own && str_trim(str_of(words)).n && !(n->words = gram_words(l->a, words, approximate, l->err)))
		return grammar_failed(l, n);
	return 0;
}

/* dtmf="true": choices without keys of their own are counted, and the others may only have * # 0 (2.0, 2.2.1). */
static int load_menu(const struct loading *l, struct node *n)
{
	const char *dtmf = node_attr(n, "dtmf"), *accept = node_attr(n, "accept");
	bool counted = dtmf && strcmp(dtmf, "true") == 0;
	int choice = 0, key = 0;

	for (struct node *k = n->kids; k; k = k->next) {
		const char *keys;

		if (k->tag != TAG_CHOICE)
			continue;
		keys = node_attr(k, "dtmf");
		if (counted && keys && (strlen(keys) != 1 || !strchr("*#0", keys[0])))
			return fail(l, k, "in a menu with dtmf=\"true\" only * # and 0 can be chosen freely");
		if (counted && !keys && key < 9 && !(keys = arena_printf(l->a, "%d", ++key)))
			return err_nomem(l->err);
		k->number = choice++;
		if (load_choice(l, k, keys, accept && strcmp(accept, "approximate") == 0))
			return -1;
	}
	n->var = "$.0";
	return 0;
}

static int load_item(const struct loading *l, struct node *n, int number)
{
	const char *name = node_attr(n, "name"), *type = node_attr(n, "type");

	n->number = number;
	if (name && !script_name_ok(name))
		return fail(l, n, "the name is none that a variable can have");
	n->var = name;
	for (const struct node *k = n->parent->kids; name && k != n; k = k->next)
		if (tag_is_item(k->tag) && k->var && strcmp(k->var, name) == 0)
			return fail(l, n, "another item of the form has this name");
	if (!name && !(n->var = arena_printf(l->a, "$.%d", number)))
		return err_nomem(l->err);
	if (n->tag == TAG_FIELD && type && !(n->grammar = gram_builtin(l->a, type, l->err)))
		return grammar_failed(l, n);
	for (struct node *k = n->kids; k; k = k->next)
		if (k->tag == TAG_OPTION && load_choice(l, k, node_attr(k, "dtmf"), false))
			return -1;
	if (n->tag == TAG_TRANSFER && type && strcmp(type, "blind") != 0 && strcmp(type, "bridge") != 0 &&
	    strcmp(type, "consultation") != 0)
		return fail(l, n, "a transfer is blind, bridge or consultation");
	return 0;
}

static int check_filled(const struct loading *l, const struct node *n)
{
	const char *list = node_attr(n, "namelist"), *mode = node_attr(n, "mode");
	char name[128];
	struct str word;

	if ((list || mode) && n->parent->tag != TAG_FORM)
		return fail(l, n, "only the <filled> of a form has a namelist or a mode");
	if (mode && strcmp(mode, "any") != 0 && strcmp(mode, "all") != 0)
		return fail(l, n, "mode is any or all");
	while (list && vxml_word(&list, &word)) {
		const struct node *item;

		snprintf(name, sizeof name, "%.*s", (int)word.n, word.p);
		item = doc_item(n->parent, name);
		if (!item || !tag_is_input(item->tag))
			return fail(l, n, "the namelist names what is no input item of the form");
	}
	return 0;
}

static int load_form(const struct loading *l, struct node *n)
{
	int number = 0;

	for (struct node *k = n->kids; k; k = k->next)
		if (tag_is_item(k->tag) && load_item(l, k, number++))
			return -1;
	return 0;
}

static int check_values(const struct loading *l, const struct node *n)
{
	static const char *const times[] = {"timeout", "maxtime", "finalsilence", "connecttimeout", "fetchtimeout"};
	const char *v;
	int64_t count;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if ((v = node_attr(n, times[i])) && vxml_ms(v) < 0)
			return fail(l, n, "a time is a number with s or ms");
	if ((v = node_attr(n, "count")) && (!str_i64(str_of(v), &count) || count < 1))
		return fail(l, n, "count is a number from 1");
	if (n->tag == TAG_CATCH && (v = node_attr(n, "event")) && str_trim(str_of(v)).n == 0)
		return fail(l, n, "event is empty");
	if (n->tag == TAG_SCRIPT && (node_attr(n, "src") || node_attr(n, "srcexpr"))) {
		for (const struct node *k = n->kids; k; k = k->next)
			if (!node_blank(k))
				return fail(l, n, "<script> needs either content or src");
	}
	return 0;
}

static bool same_id(const struct node *a, const struct node *b)
{
	const char *x = node_attr(a, "id"), *y = node_attr(b, "id");

	return x && y && strcmp(x, y) == 0;
}

static int load_node(const struct loading *l, struct node *n)
{
	int r = check_values(l, n);

	if (r == 0 && (n->tag == TAG_FORM || n->tag == TAG_MENU))
		for (const struct node *k = l->d->top->kids; k != n && r == 0; k = k->next)
			r = same_id(k, n) ? fail(l, n, "another dialog has this id") : 0;
	if (r)
		return r;
	switch (n->tag) {
	case TAG_GRAMMAR: return load_grammar(l, n);
	case TAG_FORM: return load_form(l, n);
	case TAG_MENU: return load_menu(l, n);
	case TAG_FILLED: return check_filled(l, n);
	case TAG_LINK:
		if (node_attr(n, "dtmf") && !(n->grammar = gram_keys(l->a, node_attr(n, "dtmf"), l->err)))
			return grammar_failed(l, n);
		return 0;
	default: return 0;
	}
}

static int load_all(const struct loading *l, struct node *n)
{
	if (n->tag == TAG_TEXT || n->tag == TAG_IGNORED)
		return 0;
	if (load_node(l, n))
		return -1;
	for (struct node *k = n->kids; k && n->tag != TAG_GRAMMAR; k = k->next)
		if (load_all(l, k))
			return -1;
	return 0;
}

static int load_head(struct loading *l, struct node *top)
{
	const char *version, *app, *base, *lang;

	if (strcmp(top->name, "vxml") != 0)
		return tree_fail(l->err, "menu_invalid", l->d->url, top->line, "<%.60s> is no VoiceXML", top->name);
	if (schema_check(top, l->d->url, l->err))
		return -1;
	version = node_attr(top, "version");
	if (strcmp(version, "2.0") != 0 && strcmp(version, "2.1") != 0)
		return fail(l, top, "only versions 2.0 and 2.1 are supported");
	lang = node_attr(top, "xml:lang");
	base = node_attr(top, "xml:base");
	app = node_attr(top, "application");
	l->d->top = top;
	l->d->lang = lang ? lang : "";
	l->d->base = base && base[0] ? vxml_url(l->a, l->d->url, base) : l->d->url;
	if (!l->d->base || (app && !(l->d->app = vxml_url(l->a, l->d->base, app))))
		return fail(l, top, "an address is malformed");
	if (app && strchr(l->d->app, '#'))
		return fail(l, top, "the application names a part of a document");
	return 0;
}

struct vxml_doc *vxml_doc_load(struct str text, const char *url, const struct vxml_limits *limits, struct err *err)
{
	struct tree_limits tl = {limits && limits->document ? limits->document : DOCUMENT_MAX, DEPTH_MAX};
	struct err own = {0};
	struct loading l = {.a = arena_new(64 * tl.bytes + (1 << 20)), .err = err ? err : &own};
	struct node *top;

	if (l.a && (l.d = arena_alloc(l.a, sizeof *l.d))) {
		l.d->a = l.a;
		l.d->holds = 1;
		l.d->url = arena_strndup(l.a, url, strcspn(url, "#"));
	}
	if (!l.d || !l.d->url) {
		arena_free(&l.a);
		err_nomem(err);
		return NULL;
	}
	top = tree_read(l.a, text, l.d->url, tl, l.err);
	if (top && load_head(&l, top) == 0 && load_all(&l, top) == 0)
		return l.d;
	arena_free(&l.a);
	return NULL;
}

struct vxml_doc *doc_hold(struct vxml_doc *d)
{
	if (d)
		d->holds++;
	return d;
}

void vxml_doc_free(struct vxml_doc **d)
{
	struct vxml_doc *gone = *d;

	*d = NULL;
	if (gone && --gone->holds == 0) {
		struct arena *a = gone->a;

		arena_free(&a);
	}
}

const struct node *doc_dialog(const struct vxml_doc *d, const char *id)
{
	for (const struct node *k = d->top->kids; k; k = k->next) {
		const char *has = node_attr(k, "id");

		if ((k->tag == TAG_FORM || k->tag == TAG_MENU) && (!id || (has && strcmp(has, id) == 0)))
			return k;
	}
	return NULL;
}

const struct node *doc_item(const struct node *form, const char *name)
{
	for (const struct node *k = form->kids; k; k = k->next) {
		const char *has = node_attr(k, "name");

		if (tag_is_item(k->tag) && has && strcmp(has, name) == 0)
			return k;
	}
	return NULL;
}

int vxml_ms(const char *s)
{
	struct str t = str_trim(str_of(s));
	double ms = 0, unit = 1;
	size_t i = 0;
	bool digits = false;

	for (; i < t.n && (t.p[i] == '.' || (t.p[i] >= '0' && t.p[i] <= '9')); i++) {
		if (t.p[i] == '.') {
			if (unit < 1)
				return -1;
			unit = 0.1;
			continue;
		}
		digits = true;
		ms = unit < 1 ? ms + unit * (t.p[i] - '0') : ms * 10 + (t.p[i] - '0');
		unit *= unit < 1 ? 0.1 : 1;
	}
	t = str_n(t.p + i, t.n - i);
	if (!digits || (!str_is(t, "s") && !str_is(t, "ms")))
		return -1;
	ms *= str_is(t, "s") ? 1000 : 1;
	return ms > 86400e3 ? 86400000 : (int)(ms + 0.5);
}

bool vxml_word(const char **list, struct str *word)
{
	*list += strspn(*list, " \t\r\n");
	*word = str_n(*list, strcspn(*list, " \t\r\n"));
	*list += word->n;
	return word->n > 0;
}
