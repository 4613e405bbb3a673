/*
 * Reads an INI file into sections and keys, each with its line. inih parses; the reader that feeds it lines is ours,
 * because the packaged inih tells its handler neither line numbers nor sections without keys, cuts section names at 49
 * characters and takes the rest of a line that is too long for the next line. Values are parsed in settings_fill.c.
 */
#include "base/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/settings_private.h"

enum {
	FILE_MAX = 1 << 20,
	LINE_MAX_ = 2000, /* bytes; inih wants room for three more */
	TITLE_MAX = 49	  /* what inih keeps of a section's name */
};

struct parse {
	struct settings *s;
	struct str rest;
	struct section *now;
	int line;
	struct err *err;
	bool failed;
};

static int fail(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct parse *p, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	p->failed = true;
	return err_set(p->err, ERR_INVALID, "settings_invalid", NULL, "%s:%d: %s", p->s->file, p->line, what);
}

static int out_of_memory(struct parse *p)
{
	p->failed = true;
	return err_nomem(p->err);
}

static bool word_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || c == '.'))
			return false;
	}
	return s.n > 0;
}

/* "[sms main]": the brackets are off. */
static int open_section(struct parse *p, struct str title)
{
	struct arena *mem = p->s->mem;
	struct section *sec;
	struct str kind = title, name = STR("");
	const char *space;

	if (title.n > TITLE_MAX)
		return fail(p, "the section name is longer than %d characters", TITLE_MAX);
	space = memchr(title.p, ' ', title.n);
	if (space) {
		kind = str_n(title.p, (size_t)(space - title.p));
		name = str_trim(str_n(space, title.n - kind.n));
	}
	if (!word_ok(kind) || (space && !word_ok(name)))
		return fail(p, "a section is written [kind] or [kind name], of letters, digits and ._-");
	sec = arena_alloc(mem, sizeof *sec);
	if (!sec)
		return out_of_memory(p);
	*sec = (struct section){.kind = arena_str(mem, kind).p, .name = arena_str(mem, name).p, .line = p->line};
	sec->title =
		name.n ? arena_printf(mem, "%s %s", sec->kind ? sec->kind : "", sec->name ? sec->name : "") : sec->kind;
	sec->last = &sec->first;
	if (!sec->kind || !sec->name || !sec->title)
		return out_of_memory(p);
	for (const struct section *o = p->s->first; o; o = o->next)
		if (strcmp(o->title, sec->title) == 0)
			return fail(p, "section [%s] was begun in line %d", sec->title, o->line);
	*p->s->last = sec;
	p->s->last = &sec->next;
	p->now = sec;
	return 0;
}

/* inih asks for its next line here, as from fgets. */
static char *next_line(char *out, int room, void *arg)
{
	struct parse *p = arg;
	const char *nl;
	struct str line, text;

	if (p->failed || !p->rest.n)
		return NULL;
	nl = memchr(p->rest.p, '\n', p->rest.n);
	line = str_n(p->rest.p, nl ? (size_t)(nl - p->rest.p) + 1 : p->rest.n);
	p->rest = str_n(p->rest.p + line.n, p->rest.n - line.n);
	p->line++;
	text = str_trim(p->line == 1 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0
				? str_n(line.p + 3, line.n - 3)
				: line);
	if (line.n > LINE_MAX_ || line.n + 1 > (size_t)room)
		fail(p, "the line is longer than %d bytes", LINE_MAX_);
	else if (memchr(line.p, 0, line.n) || !str_utf8_ok(line))
		fail(p, "the line is not UTF-8 text");
	else if (text.n && text.p[0] == '[' && text.p[text.n - 1] == ']')
		open_section(p, str_trim(str_n(text.p + 1, text.n - 2)));
	else if (text.n && text.p[0] == '[')
		fail(p, "a section ends in ]; comments go on lines of their own");
	if (p->failed)
		return NULL;
	memcpy(out, line.p, line.n);
	out[line.n] = 0;
	return out;
}

static int on_pair(void *arg, const char *section, const char *key, const char *value)
{
	struct parse *p = arg;
	struct arena *mem = p->s->mem;
	struct entry *e;

	(void)section; /* next_line has opened it */
	if (!p->now)
		return fail(p, "\"%s\" stands before any [section]", key), 0;
	for (e = p->now->first; e; e = e->next)
		if (strcmp(e->key, key) == 0)
			return fail(p, "\"%s\" was set in line %d", key, e->line), 0;
	e = arena_alloc(mem, sizeof *e);
	if (!e)
		return out_of_memory(p), 0;
	*e = (struct entry){.key = arena_strdup(mem, key), .value = arena_strdup(mem, value), .line = p->line};
	if (!e->key || !e->value)
		return out_of_memory(p), 0;
	*p->now->last = e;
	p->now->last = &e->next;
	return 1;
}

static int parse(struct parse *p)
{
	int r;

	/* inih keeps its options in process-wide variables; these are the same in every call. A " ;" inside a password
	 * must not cut it, and an indented line is a key, not more of the value above. */
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
	ini_max_line = LINE_MAX_ + 3;
	r = ini_parse_stream(next_line, p, on_pair, p);
	if (!p->failed && r == -2)
		return out_of_memory(p);
	if (!p->failed && r)
		return fail(p, "neither a [section] nor a \"key = value\"");
	return p->failed ? -1 : 0;
}

int settings_parse(const char *name, struct str text, struct settings **out, struct err *err)
{
	struct arena *mem = arena_new(4 * FILE_MAX);
	struct settings *s = mem ? arena_alloc(mem, sizeof *s) : NULL;
	struct parse p = {.s = s, .rest = text, .err = err};

	if (!s || !(s->file = arena_strdup(mem, name))) {
		arena_free(&mem);
		return err_nomem(err);
	}
	s->mem = mem;
	s->last = &s->first;
	if (parse(&p)) {
		arena_free(&mem);
		return -1;
	}
	*out = s;
	return 0;
}

int settings_load(const char *path, struct settings **out, struct err *err)
{
	struct buf text;
	char part[4096];
	size_t n;
	FILE *f;
	int r;

	if (!path)
		return settings_parse("(defaults)", STR(""), out, err);
	f = fopen(path, "re");
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "settings_unreadable", NULL, "%s: %s", path, strerror(errno));
	buf_init(&text, FILE_MAX);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&text, part, n);
	if (ferror(f))
		r = err_set(err, ERR_NOT_FOUND, "settings_unreadable", NULL, "%s: %s", path, strerror(errno));
	else if (text.failed)
		r = err_set(err, ERR_INVALID, "settings_invalid", NULL, "%s: larger than %d bytes, or out of memory",
			    path, FILE_MAX);
	else
		r = settings_parse(path, buf_str(&text), out, err);
	fclose(f);
	buf_free(&text);
	return r;
}

void settings_free(struct settings **s)
{
	struct arena *mem = s && *s ? (*s)->mem : NULL;

	if (!mem)
		return;
	*s = NULL;
	arena_free(&mem);
}

bool settings_next(const struct settings *s, const struct section **it)
{
	*it = *it ? (*it)->next : s->first;
	return *it;
}

const char *section_kind(const struct section *s) { return s->kind; }
const char *section_name(const struct section *s) { return s->name; }
int section_line(const struct section *s) { return s->line; }

const char *settings_file(const struct settings *s) { return s->file; }

int settings_line(const struct section *s, const char *key)
{
	for (const struct entry *e = s->first; e; e = e->next)
		if (strcmp(e->key, key) == 0)
			return e->line;
	return s->line;
}

const struct section *settings_find(const struct settings *s, const char *kind, const char *name)
{
	for (const struct section *i = s->first; i; i = i->next)
		if (strcmp(i->kind, kind) == 0 && strcmp(i->name, name ? name : "") == 0)
			return i;
	return NULL;
}
