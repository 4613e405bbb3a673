#include "ivr/menus.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "liquid/json_value.h"

enum { FILE_MAX = 1 << 20, RENDERED_MAX = 1 << 20, KEPT_MAX = 256 };

struct menu {
	struct menu *next;
	char *path;
	struct timespec changed;
	off_t size;
	struct buf text;
	struct liquid_template *liquid; /* NULL: none in it */
	struct vxml_doc *doc;		/* of a file without Liquid, once it was asked for */
};

struct menus {
	char folder[PATH_MAX], base[PATH_MAX + 1]; /* base: with a slash at the end */
	struct menu *kept;
	size_t n;
	struct liquid_render *render;
};

static void menu_free(struct menu *m)
{
	liquid_template_free(&m->liquid);
	vxml_doc_free(&m->doc);
	buf_free(&m->text);
	free(m->path);
	free(m);
}

int menus_open(const char *folder, struct menus **out, struct err *err)
{
	struct menus *m = calloc(1, sizeof *m);

	if (!m)
		return err_nomem(err);
	m->render = liquid_render_new();
	if (!m->render) {
		free(m);
		return err_nomem(err);
	}
	if (!realpath(folder, m->folder)) {
		menus_free(&m);
		return err_set(err, ERR_SEMANTIC, "folder_invalid", "menus", "%.150s: no such folder", folder);
	}
	snprintf(m->base, sizeof m->base, "%s/", m->folder);
	*out = m;
	return 0;
}

void menus_free(struct menus **mp)
{
	struct menus *m = *mp;

	if (!m)
		return;
	for (struct menu *x = m->kept, *next; x; x = next) {
		next = x->next;
		menu_free(x);
	}
	liquid_render_free(&m->render);
	free(m);
	*mp = NULL;
}

const char *menus_base(const struct menus *m) { return m->base; }

int menus_path(const struct menus *m, const char *path, char out[PATH_MAX], struct err *err)
{
	char wanted[PATH_MAX];
	struct buf b = {.p = wanted, .cap = sizeof wanted, .max = sizeof wanted - 1};
	size_t n, folder = strlen(m->folder);

	if (strncmp(path, "file:", 5) == 0)
		path += strncmp(path, "file://", 7) == 0 ? 7 : 5;
	n = strcspn(path, "?#");
	buf_adds(&b, path[0] == '/' ? "" : m->folder);
	buf_adds(&b, path[0] == '/' ? "" : "/");
	buf_add(&b, path, n);
	if (n == 0 || b.failed)
		return err_set(err, ERR_NOT_FOUND, "menu_unknown", NULL, "no such menu");
	wanted[b.n] = 0;
	if (!realpath(wanted, out) || strncmp(out, m->folder, folder) != 0 || out[folder] != '/')
		return err_set(err, ERR_NOT_FOUND, "menu_unknown", NULL, "%.150s: no such file in the folder of menus",
			       wanted);
	return 0;
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
	FILE *f = fopen(path, "rbe");
	char part[8192];
	size_t n;

	if (!f)
		return err_set(err, ERR_NOT_FOUND, "menu_unknown", NULL, "%.150s: cannot be read", path);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(out, part, n);
	n = (size_t)ferror(f);
	fclose(f);
	if (n || out->failed)
		return err_set(err, ERR_SEMANTIC, "menu_unreadable", NULL, "%.150s: cannot be read whole", path);
	return 0;
}

static bool is_document(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".vxml") == 0;
}

static bool has_liquid(struct str s) { return memmem(s.p, s.n, "{{", 2) || memmem(s.p, s.n, "{%", 2); }

static int load(struct menu *x, struct err *err)
{
	static const struct liquid_syntax strict = {.mode = LIQUID_STRICT};
	struct liquid_error e;

	if (read_file(x->path, &x->text, err))
		return -1;
	if (!is_document(x->path) || !has_liquid(buf_str(&x->text)))
		return 0;
	if (liquid_parse(&strict, buf_str(&x->text), &x->liquid, &e))
		return err_set(err, ERR_SEMANTIC, "menu_invalid", NULL, "%.120s:%d: %.100s", x->path, e.line, e.msg);
	return 0;
}

static struct menu **slot(struct menus *m, const char *path)
{
	struct menu **at = &m->kept;

	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	return at;
}

static struct menu *keep(struct menus *m, const char *path, const struct stat *st, struct err *err)
{
	struct menu *x = m->n < KEPT_MAX ? calloc(1, sizeof *x) : NULL;

	if (x)
		x->path = strdup(path);
	if (!x || !x->path) {
		free(x);
		err_nomem(err);
		return NULL;
	}
	buf_init(&x->text, FILE_MAX);
	x->changed = st->st_mtim;
	x->size = st->st_size;
	if (load(x, err)) {
		menu_free(x);
		return NULL;
	}
	x->next = m->kept;
	m->kept = x;
	m->n++;
	return x;
}

static struct menu *find(struct menus *m, const char *name, struct err *err)
{
	char path[PATH_MAX];
	struct menu **at, *x;
	struct stat st;

	if (menus_path(m, name, path, err))
		return NULL;
	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		err_set(err, ERR_NOT_FOUND, "menu_unknown", NULL, "%.150s: no file", path);
		return NULL;
	}
	at = slot(m, path);
	x = *at;
	if (x && x->size == st.st_size && x->changed.tv_sec == st.st_mtim.tv_sec &&
	    x->changed.tv_nsec == st.st_mtim.tv_nsec)
		return x;
	if (x) {
		*at = x->next;
		m->n--;
		menu_free(x);
	}
	return keep(m, path, &st, err);
}

static int render(struct menus *m, const struct menu *x, const json_t *data, struct buf *out, struct err *err)
{
	struct liquid_input in = {
		.data = liquid_json(data), .now = time(NULL), .escape = LIQUID_XML, .limits = {.output = RENDERED_MAX}};
	struct liquid_error e;

	if (!x->liquid) {
		buf_addstr(out, buf_str(&x->text));
		return out->failed ? err_nomem(err) : 0;
	}
	if (liquid_render(m->render, x->liquid, &in, out, &e))
		return err_set(err, ERR_SEMANTIC, "menu_failed", NULL, "%.120s:%d: %.100s", x->path, e.line, e.msg);
	return 0;
}

int menus_text(struct menus *m, const char *path, const json_t *data, struct buf *out, struct err *err)
{
	struct menu *x = find(m, path, err);

	return x ? render(m, x, data, out, err) : -1;
}

struct vxml_doc *menus_document(struct menus *m, const char *path, const json_t *data, bool *shared, struct err *err)
{
	struct menu *x = find(m, path, err);
	struct vxml_doc *d;
	struct buf b;

	*shared = x && !x->liquid;
	if (!x)
		return NULL;
	if (*shared) {
		if (!x->doc)
			x->doc = vxml_doc_load(buf_str(&x->text), x->path, NULL, err);
		return x->doc;
	}
	buf_init(&b, RENDERED_MAX);
	d = render(m, x, data, &b, err) ? NULL : vxml_doc_load(buf_str(&b), x->path, NULL, err);
	buf_free(&b);
	return d;
}
