/* From the texts of a section to the fields of a struct, by a table; and from a table to its commented sample. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/settings.h"
#include "base/settings_private.h"

enum { SECRET_MAX = 4096, SAMPLE_WIDTH = 100 };

struct target {
	const struct settings *s;
	const struct section *section; /* NULL: defaults */
	const struct setting *set;
	int line;
	struct err *err;
};

static int fail(const struct target *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(const struct target *t, const char *fmt, ...)
{
	const char *title = t->section ? t->section->title : "";
	char what[160], field[80], where[24] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (t->line)
		snprintf(where, sizeof where, "%d: ", t->line);
	snprintf(field, sizeof field, "%s.%s", title, t->set ? t->set->name : "");
	return err_set(t->err, ERR_INVALID, "settings_invalid", field, "%s:%s%s", t->s->file, where[0] ? where : " ",
		       what);
}

static bool size_parse(struct str s, int64_t *out)
{
	int shift = 0;

	if (s.n)
		switch (s.p[s.n - 1]) {
		case 'k':
		case 'K': shift = 10; break;
		case 'm':
		case 'M': shift = 20; break;
		case 'g':
		case 'G': shift = 30; break;
		default: break;
		}
	if (shift)
		s.n--;
	return str_i64(s, out) && !__builtin_mul_overflow(*out, INT64_C(1) << shift, out);
}

static bool bool_parse(struct str s, bool *out)
{
	static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < 4; i++) {
		*out = str_ieq(s, str_of(yes[i]));
		if (*out || str_ieq(s, str_of(no[i])))
			return true;
	}
	return false;
}

static int secret_from_file(const struct target *t, const char *path, char **out)
{
	char line[SECRET_MAX + 2];
	FILE *f = fopen(path, "re");
	bool read;
	size_t n;

	if (!f)
		return fail(t, "\"%s\": cannot read %.80s: %s", t->set->name, path, strerror(errno));
	read = fgets(line, sizeof line, f);
	fclose(f);
	if (!read)
		return fail(t, "\"%s\": %.80s is empty", t->set->name, path);
	n = strcspn(line, "\r\n");
	if (n > SECRET_MAX)
		return fail(t, "\"%s\": the first line of %.80s is too long", t->set->name, path);
	*out = strndup(line, n);
	return *out ? 0 : err_nomem(t->err);
}

static int text_of(const struct target *t, const char *value, char **out)
{
	if (t->set->secret && strncmp(value, "file:", 5) == 0)
		return secret_from_file(t, value + 5, out);
	if (t->set->secret && strncmp(value, "env:", 4) == 0) {
		value = getenv(value + 4);
		if (!value)
			return fail(t, "\"%s\": that environment variable is not set", t->set->name);
	}
	*out = strdup(value);
	return *out ? 0 : err_nomem(t->err);
}

enum { SPAN_TEXT = 24 };
/* In the largest unit that says it exactly: "90s", "24h". */
static const char *span(int64_t us, char out[SPAN_TEXT])
{
	static const struct {
		int64_t unit;
		const char *name;
	} units[] = {{US_DAY, "d"}, {US_HOUR, "h"}, {US_MIN, "m"}, {US_SEC, "s"}, {US_MS, "ms"}};
	size_t i = 0;

	while (i < 4 && (us < units[i].unit || us % units[i].unit))
		i++;
	snprintf(out, SPAN_TEXT, "%lld%s", (long long)(us / units[i].unit), us ? units[i].name : "");
	return out;
}

/* "from 1 to 65535", or "". */
static void bounds(struct buf *b, const struct setting *set)
{
	char least[SPAN_TEXT], most[SPAN_TEXT];

	if (!set->min && !set->max)
		return;
	if (set->type == SET_DURATION)
		buf_addf(b, "from %s to %s", span(set->min, least), span(set->max, most));
	else
		buf_addf(b, "from %lld to %lld", (long long)set->min, (long long)set->max);
}

static int out_of_bounds(const struct target *t, const char *value)
{
	struct buf b;
	int r;

	buf_init(&b, 100);
	bounds(&b, t->set);
	r = fail(t, "\"%s\" is %.40s, it may be %s", t->set->name, value, buf_cstr(&b));
	buf_free(&b);
	return r;
}

static int number_of(const struct target *t, const char *value, int64_t *out)
{
	const struct setting *set = t->set;
	struct str s = str_of(value);
	bool ok = set->type == SET_INT	  ? str_i64(s, out)
		  : set->type == SET_SIZE ? size_parse(s, out)
					  : duration_parse(s, out);

	if (!ok)
		return fail(t, "\"%s\" wants %s, not \"%.40s\"", set->name,
			    set->type == SET_INT    ? "a whole number"
			    : set->type == SET_SIZE ? "a size such as 512, 64k or 16m"
						    : "a duration such as 250ms, 90s, 15m, 72h or 7d",
			    value);
	if ((set->min || set->max) && (*out < set->min || *out > set->max))
		return out_of_bounds(t, value);
	return 0;
}

static int word_of(const struct target *t, const char *value, int *out)
{
	char all[120];
	int n = 0;

	all[0] = 0;
	for (int i = 0; t->set->words[i]; i++) {
		if (strcmp(t->set->words[i], value) == 0) {
			*out = i;
			return 0;
		}
		if (n < (int)sizeof all)
			n += snprintf(all + n, sizeof all - (size_t)n, "%s%s", i ? ", " : "", t->set->words[i]);
	}
	return fail(t, "\"%s\" is one of %s", t->set->name, all);
}

static int fill_one(const struct target *t, const char *value, void *dst)
{
	void *at = (char *)dst + t->set->offset;

	switch (t->set->type) {
	case SET_STRING:
	case SET_LIST: return text_of(t, value, at);
	case SET_INT:
	case SET_DURATION:
	case SET_SIZE: return number_of(t, value, at);
	case SET_ENUM: return word_of(t, value, at);
	case SET_BOOL:
		if (!bool_parse(str_of(value), at))
			return fail(t, "\"%s\" is yes or no", t->set->name);
		return 0;
	}
	return fail(t, "\"%s\" has no type", t->set->name);
}

static void clear(const struct setting *set, void *dst)
{
	void *at = (char *)dst + set->offset;

	switch (set->type) {
	case SET_STRING:
	case SET_LIST: *(char **)at = NULL; break;
	case SET_ENUM: *(int *)at = 0; break;
	case SET_BOOL: *(bool *)at = false; break;
	default: *(int64_t *)at = 0; break;
	}
}

static const struct setting *known(const struct setting *table, const char *key)
{
	for (; table->name; table++)
		if (strcmp(table->name, key) == 0)
			return table;
	return NULL;
}

static const struct entry *entry_of(const struct section *section, const char *key)
{
	for (const struct entry *e = section ? section->first : NULL; e; e = e->next)
		if (strcmp(e->key, key) == 0)
			return e;
	return NULL;
}

int settings_fill(const struct settings *s, const struct section *section, const struct setting *table, void *dst,
		  struct err *err)
{
	struct target t = {.s = s, .section = section, .err = err};

	for (const struct setting *set = table; set->name; set++)
		clear(set, dst);
	for (const struct entry *e = section ? section->first : NULL; e; e = e->next) {
		t.line = e->line;
		if (!known(table, e->key))
			return fail(&t, "[%s] knows no \"%.60s\"", section->title, e->key);
	}
	for (const struct setting *set = table; set->name; set++) {
		const struct entry *e = entry_of(section, set->name);
		const char *value = e ? e->value : set->def;
		t.set = set;
		t.line = e ? e->line : section ? section->line : 0;
		if (set->required && (!value || !*value))
			fail(&t, "[%s] needs \"%s\"", section ? section->title : "", set->name);
		else if (!value || fill_one(&t, value, dst) == 0)
			continue;
		settings_release(table, dst);
		return -1;
	}
	return 0;
}

void settings_release(const struct setting *table, void *dst)
{
	for (const struct setting *set = table; set->name; set++) {
		char **at = (char **)(void *)((char *)dst + set->offset);
		if (set->type != SET_STRING && set->type != SET_LIST)
			continue;
		if (set->secret && *at)
			explicit_bzero(*at, strlen(*at));
		free(*at);
		*at = NULL;
	}
}

/* One comment, broken at spaces. */
static void comment(struct buf *out, const char *text)
{
	while (*text) {
		size_t n = strlen(text);
		if (n > SAMPLE_WIDTH)
			for (n = SAMPLE_WIDTH; n > 1 && text[n] != ' ';)
				n--;
		buf_addf(out, "# %.*s\n", (int)n, text);
		text += n + strspn(text + n, " ");
	}
}

static void add_fact(struct buf *b, const char *text)
{
	buf_adds(b, b->n ? " " : "");
	buf_adds(b, text);
}

static void sample_facts(struct buf *b, const struct setting *set)
{
	add_fact(b, set->help ? set->help : "");
	if (set->type == SET_ENUM) {
		add_fact(b, "One of");
		for (int i = 0; set->words[i]; i++)
			buf_addf(b, "%s %s", i ? "," : "", set->words[i]);
		buf_addc(b, '.');
	}
	if (set->min || set->max) {
		add_fact(b, "May be ");
		bounds(b, set);
		buf_addc(b, '.');
	}
	if (set->secret)
		add_fact(b, "Secret: may be file:/path or env:NAME.");
	if (set->required)
		add_fact(b, "Required.");
	if (set->reload)
		add_fact(b, "SIGHUP applies it.");
}

void settings_sample(struct buf *out, const struct setting *table)
{
	struct buf facts;

	buf_init(&facts, 4096);
	for (const struct setting *set = table; set->name; set++) {
		buf_reset(&facts);
		sample_facts(&facts, set);
		comment(out, buf_cstr(&facts));
		buf_addf(out, "#%s =%s%s\n\n", set->name, set->def && *set->def ? " " : "", set->def ? set->def : "");
	}
	if (facts.failed)
		out->failed = true;
	buf_free(&facts);
}

bool settings_list_next(const char *list, size_t *pos, struct str *item)
{
	while (list && list[*pos]) {
		size_t n = strcspn(list + *pos, ",");
		*item = str_trim(str_n(list + *pos, n));
		*pos += n + (list[*pos + n] == ',');
		if (item->n)
			return true;
	}
	return false;
}
