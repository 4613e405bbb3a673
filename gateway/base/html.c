#include "base/html.h"

#include <libxml/HTMLparser.h>

#include "base/html_write.h"

enum { TAG = 16, HREF = 400 };

/* What a tag does to the text. */
enum act {
	INLINE,
	LINE,	   /* a line of its own */
	PARAGRAPH, /* with empty lines around */
	BREAK,
	RULE,
	CELL,
	ROW,
	ITEM,
	LIST,
	NUMBERED,
	QUOTE,
	PREFORMATTED,
	LINK,
	IMAGE,
	RAW, /* what is inside is no text */
	TABLE
};

static const struct {
	const char *name;
	enum act act;
} tags[] = {
	{"a", LINK},	     {"address", LINE},	    {"article", LINE}, {"aside", LINE},	   {"blockquote", QUOTE},
	{"br", BREAK},	     {"caption", LINE},	    {"center", LINE},  {"dd", LINE},	   {"dir", LIST},
	{"div", LINE},	     {"dl", PARAGRAPH},	    {"dt", LINE},      {"fieldset", LINE}, {"figcaption", LINE},
	{"figure", LINE},    {"footer", LINE},	    {"form", LINE},    {"h1", PARAGRAPH},  {"h2", PARAGRAPH},
	{"h3", PARAGRAPH},   {"h4", PARAGRAPH},	    {"h5", PARAGRAPH}, {"h6", PARAGRAPH},  {"header", LINE},
	{"hr", RULE},	     {"img", IMAGE},	    {"li", ITEM},      {"main", LINE},	   {"menu", LIST},
	{"nav", LINE},	     {"noframes", RAW},	    {"ol", NUMBERED},  {"option", LINE},   {"p", PARAGRAPH},
	{"plaintext", LINE}, {"pre", PREFORMATTED}, {"script", RAW},   {"section", LINE},  {"select", LINE},
	{"style", RAW},	     {"table", TABLE},	    {"td", CELL},      {"template", RAW},  {"textarea", LINE},
	{"th", CELL},	     {"title", RAW},	    {"tr", ROW},       {"ul", LIST},
};

struct tag {
	char name[TAG];
	struct str attributes;
	bool close;
	size_t end; /* behind ">" */
};

static bool alpha(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* "<name attributes>" or "</name>" at i. */
static bool tag_at(struct str s, size_t i, struct tag *t)
{
	size_t k = i + 1, n = 0, from;
	const char *gt;
	char quote = 0;

	t->close = k < s.n && s.p[k] == '/';
	k += t->close;
	if (k >= s.n || !alpha(s.p[k]))
		return false;
	for (; k < s.n && !space(s.p[k]) && s.p[k] != '>' && s.p[k] != '/'; k++)
		if (n + 1 < sizeof t->name)
			t->name[n++] = (char)(alpha(s.p[k]) ? s.p[k] | 32 : s.p[k]);
	t->name[n] = '\0';
	from = k;
	for (; k < s.n && (quote || s.p[k] != '>'); k++) {
		if (quote)
			quote = s.p[k] == quote ? 0 : quote;
		else if ((s.p[k] == '"' || s.p[k] == '\'') && (s.p[k - 1] == '=' || space(s.p[k - 1])))
			quote = s.p[k];
	}
	if (k == s.n) { /* a quote without an end: nothing but ">" counts then */
		gt = memchr(s.p + from, '>', s.n - from);
		k = gt ? (size_t)(gt - s.p) : s.n;
	}
	t->attributes = str_n(s.p + from, k - from);
	t->end = k < s.n ? k + 1 : s.n;
	return true;
}

static bool named(struct str s, size_t i, const char *name)
{
	size_t n = strlen(name);

	return i + n <= s.n && str_ieq(str_n(s.p + i, n), str_n(name, n)) &&
	       (i == 0 || space(s.p[i - 1]) || s.p[i - 1] == '"');
}

static struct str attribute(struct str s, const char *name)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t k = i + strlen(name), from;
		if (s.p[i] == '"' || s.p[i] == '\'') { /* over a value */
			const char *end = memchr(s.p + i + 1, s.p[i], s.n - i - 1);
			if (!end)
				break;
			i = (size_t)(end - s.p);
			continue;
		}
		if (!named(s, i, name))
			continue;
		while (k < s.n && space(s.p[k]))
			k++;
		if (k >= s.n || s.p[k] != '=')
			continue;
		for (k++; k < s.n && space(s.p[k]);)
			k++;
		from = k;
		if (k < s.n && (s.p[k] == '"' || s.p[k] == '\'')) {
			const char *end = memchr(s.p + k + 1, s.p[k], s.n - k - 1);
			return end ? str_n(s.p + k + 1, (size_t)(end - s.p) - k - 1) : str_n("", 0);
		}
		while (k < s.n && !space(s.p[k]))
			k++;
		return str_n(s.p + from, k - from);
	}
	return str_n("", 0);
}

/* "&name;", "&#39;", "&#x27;" at i: what it is, and where it ends. 0: none of these. */
static uint32_t entity(struct str s, size_t i, size_t *end)
{
	char name[12];
	size_t k = i + 1, n = 0;
	uint32_t cp = 0;

	if (k < s.n && s.p[k] == '#') {
		bool hex = ++k < s.n && (s.p[k] | 32) == 'x';
		size_t from = k += hex;
		for (; k < s.n && k < from + 8; k++) {
			char c = (char)(s.p[k] | 32);
			int d = s.p[k] >= '0' && s.p[k] <= '9' ? s.p[k] - '0'
				: hex && c >= 'a' && c <= 'f'  ? c - 'a' + 10
							       : -1;
			if (d < 0)
				break;
			cp = cp * (hex ? 16 : 10) + (uint32_t)d;
		}
		*end = k + (k < s.n && s.p[k] == ';');
		return k == from || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ? 0 : cp;
	}
	while (k < s.n && n + 1 < sizeof name && (alpha(s.p[k]) || (s.p[k] >= '0' && s.p[k] <= '9')))
		name[n++] = s.p[k++];
	name[n] = '\0';
	if (k < s.n && s.p[k] == ';') {
		const htmlEntityDesc *d = htmlEntityLookup((const xmlChar *)name);
		*end = k + 1;
		return strcmp(name, "apos") == 0 ? '\'' : d ? d->value : 0;
	}
	return 0;
}

/* Text between tags, with its entities. */
static void text(struct html_writer *w, struct str s)
{
	size_t i = 0, end;

	while (i < s.n) {
		uint32_t cp = s.p[i] == '&' ? entity(s, i, &end) : 0;
		if (cp) {
			html_char(w, cp == 0x96 || cp == 0x97 ? 0x2013 : cp);
			i = end;
		} else {
			html_char(w, str_next(s, &i));
		}
	}
}

static void decoded(struct str s, char *out, size_t size) /* an attribute's value */
{
	struct buf b;
	size_t i = 0, end;

	buf_init(&b, size - 1);
	while (i < s.n && b.n + 4 < size - 1) {
		uint32_t cp = s.p[i] == '&' ? entity(s, i, &end) : 0;
		if (cp)
			i = end;
		else
			cp = str_next(s, &i);
		if (cp >= ' ')
			buf_add_utf8(&b, cp);
	}
	memcpy(out, b.failed ? "" : buf_cstr(&b), b.failed ? 1 : b.n + 1);
	buf_free(&b);
}

static void image(struct html_writer *w, struct str attributes)
{
	char alt[HREF];

	decoded(str_trim(attribute(attributes, "alt")), alt, sizeof alt);
	if (!*alt)
		return;
	html_char(w, '[');
	text(w, str_of(alt));
	html_char(w, ']');
}

static void link_(struct html_writer *w, const struct tag *t)
{
	char href[HREF] = "";

	if (t->close) {
		html_link_close(w);
		return;
	}
	decoded(str_trim(attribute(t->attributes, "href")), href, sizeof href);
	html_link_open(w, href);
}

static void act(struct html_writer *w, const struct tag *t, enum act what)
{
	bool border = false;
	switch (what) {
	case LINE:
	case ROW: html_break(w, 1, what == ROW); return;
	case PARAGRAPH: html_break(w, 2, false); return;
	case BREAK: html_newline(w); return;
	case RULE: html_rule(w); return;
	case CELL:
		if (!t->close)
			html_cell(w, strcmp(t->name, "th") == 0);
		return;
	case TABLE:
		border = !t->close && attribute(t->attributes, "border").n &&
			 !str_is(attribute(t->attributes, "border"), "0");
		html_table(w, t->close, border);
		return;
	case ITEM: html_item(w, t->close); return;
	case LIST:
	case NUMBERED: html_list(w, t->close, what == NUMBERED); return;
	case QUOTE: html_quote(w, t->close); return;
	case PREFORMATTED: html_pre(w, t->close); return;
	case LINK: link_(w, t); return;
	case IMAGE: image(w, t->attributes); return;
	case INLINE:
	case RAW: return;
	}
}

static enum act act_of(const char *name)
{
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (tags[i].name[0] == name[0] && strcmp(tags[i].name, name) == 0)
			return tags[i].act;
	return INLINE;
}

/* Behind "</name": where a script, a style or a title ends. */
static size_t raw_end(struct str s, size_t i, const char *name)
{
	size_t n = strlen(name);

	while (i < s.n) {
		const char *lt = memchr(s.p + i, '<', s.n - i);
		if (!lt)
			return s.n;
		i = (size_t)(lt - s.p) + 1;
		if (i + 1 + n <= s.n && s.p[i] == '/' && str_ieq(str_n(s.p + i + 1, n), str_n(name, n)))
			return i - 1;
	}
	return s.n;
}

/* "<!-- -->", "<!DOCTYPE >", "<?xml ?>", "<![if]>": where it ends. */
static size_t comment_end(struct str s, size_t i, bool *endless)
{
	const char *end;

	if (i + 3 < s.n && memcmp(s.p + i, "<!--", 4) == 0 && !*endless) {
		end = memmem(s.p + i + 2, s.n - i - 2, "-->", 3);
		if (end)
			return (size_t)(end - s.p) + 3;
		*endless = true; /* so is the next one: it need not be looked for */
	}
	end = memchr(s.p + i, '>', s.n - i);
	return end ? (size_t)(end - s.p) + 1 : s.n;
}

struct str html_text(struct str html, size_t max, struct arena *a)
{
	struct html_writer w;
	struct tag t;
	bool endless = false;
	size_t i = 0;

	html_begin(&w, max);
	while (i < html.n && !html_full(&w)) {
		const char *lt = memchr(html.p + i, '<', html.n - i);
		size_t at = lt ? (size_t)(lt - html.p) : html.n;
		text(&w, str_n(html.p + i, at - i));
		i = at;
		if (i + 1 >= html.n)
			break;
		if (html.p[i + 1] == '!' || html.p[i + 1] == '?') {
			i = comment_end(html, i, &endless);
		} else if (tag_at(html, i, &t)) {
			enum act what = act_of(t.name);
			act(&w, &t, what);
			i = what == RAW && !t.close ? raw_end(html, t.end, t.name) : t.end;
		} else {
			html_char(&w, '<');
			i++;
		}
	}
	return html_end(&w, a);
}

struct str html_charset(struct str html)
{
	struct str s = str_n(html.p, html.n < 2048 ? html.n : 2048);

	for (size_t i = 0; i + 12 < s.n; i++) {
		size_t k = i + 8, from;
		if (s.p[i] != 'c' && s.p[i] != 'C')
			continue;
		if (!str_ieq(str_n(s.p + i, 8), STR("charset=")))
			continue;
		while (k < s.n && strchr("\"' ", s.p[k]))
			k++;
		for (from = k; k < s.n && !strchr("\"' >;/", s.p[k]);)
			k++;
		return str_n(s.p + from, k - from);
	}
	return str_n("", 0);
}
