#include "base/html_write.h"

#include <strings.h>

void html_begin(struct html_writer *w, size_t max)
{
	*w = (struct html_writer){0};
	buf_init(&w->out, max);
}

bool html_full(const struct html_writer *w) { return w->out.failed; }

struct str html_end(struct html_writer *w, struct arena *a)
{
	struct str s;

	if (w->inside)
		buf_addc(&w->out, '\n');
	s = arena_str(a, buf_str(&w->out)); /* when it is full, what fitted */
	buf_free(&w->out);
	return s;
}

/* An empty line of a quote still shows that it is quoted. */
static void prefix(struct html_writer *w)
{
	for (int i = 0; i < w->quotes && i < HTML_QUOTES; i++)
		buf_adds(&w->out, "> ");
}

static void bare_prefix(struct html_writer *w)
{
	for (int i = 0; i < w->quotes && i < HTML_QUOTES; i++)
		buf_adds(&w->out, i ? " >" : ">");
}

static void start_line(struct html_writer *w)
{
	int depth = w->lists < HTML_LISTS ? w->lists : HTML_LISTS;

	prefix(w);
	for (int i = 1; i < depth; i++)
		buf_adds(&w->out, "  ");
	if (depth && w->mark) {
		int *n = &w->number[depth - 1];
		if (*n < 0)
			buf_adds(&w->out, "* ");
		else
			buf_addf(&w->out, "%d. ", ++*n);
	} else if (depth) {
		buf_adds(&w->out, "  ");
	}
	w->mark = false;
	w->inside = true;
	w->space = false;
}

static void settle(struct html_writer *w) /* what is due before a character */
{
	if (w->breaks) {
		for (; w->breaks; w->breaks--) {
			if (!w->inside && w->out.n)
				bare_prefix(w);
			if (w->out.n)
				buf_addc(&w->out, '\n');
			w->inside = false;
		}
		w->cell = false;
	}
	if (!w->inside) {
		start_line(w);
		w->cell = false;
	}
	if (w->cell)
		buf_adds(&w->out, w->ruled ? " | " : "  ");
	else if (w->space)
		buf_addc(&w->out, ' ');
	w->space = w->cell = false;
}

void html_char(struct html_writer *w, uint32_t cp)
{
	bool white = cp == ' ' || (cp >= '\t' && cp <= '\r');

	if (w->pre && cp == '\n') {
		html_newline(w);
		return;
	}
	if (cp == 0xad || cp == 0x200b || cp == 0x200c || cp == 0xfeff || cp == 0x34f || (cp < ' ' && !white))
		return; /* fill that newsletters put behind their first words */
	if (white && !w->pre) {
		w->space |= w->inside && !w->breaks;
		return;
	}
	settle(w);
	buf_add_utf8(&w->out, cp == 0xa0 || white ? ' ' : cp);
}

void html_break(struct html_writer *w, int lines, bool row)
{
	if (w->mark && !row)
		return; /* <li><p> */
	w->space = false;
	w->cell = false;
	if (!w->out.n)
		return;
	if (w->breaks < lines - !w->inside)
		w->breaks = lines - !w->inside;
	if (w->breaks < 1 && w->inside)
		w->breaks = 1;
}

void html_newline(struct html_writer *w)
{
	w->space = w->cell = false;
	if (w->out.n && w->breaks < 3)
		w->breaks++;
}

void html_rule(struct html_writer *w)
{
	html_break(w, 1, false);
	settle(w);
	buf_adds(&w->out, "----------");
	w->breaks = 1;
}

void html_table(struct html_writer *w, bool close, bool border)
{
	html_break(w, 1, false);
	w->ruled = !close && border;
}

void html_cell(struct html_writer *w, bool head)
{
	w->ruled |= head;
	w->space = false;
	if (w->inside && !w->breaks)
		w->cell = true;
}

void html_list(struct html_writer *w, bool close, bool numbered)
{
	w->mark = false;
	html_break(w, close || w->lists ? 1 : 2, false);
	if (close) {
		w->lists -= w->lists > 0;
		if (!w->lists)
			html_break(w, 2, false);
		return;
	}
	if (w->lists++ < HTML_LISTS)
		w->number[w->lists - 1] = numbered ? 0 : -1;
}

void html_item(struct html_writer *w, bool close)
{
	w->mark = false;
	html_break(w, 1, false);
	w->mark = !close;
	if (!close && !w->lists)
		html_list(w, false, false), w->mark = true;
}

void html_quote(struct html_writer *w, bool close)
{
	w->mark = false;
	html_break(w, close ? 2 : 1, false);
	if (w->breaks && w->quotes && close) { /* the empty line is not quoted any more */
		if (w->inside)
			buf_addc(&w->out, '\n');
		w->inside = false;
		w->breaks = 1;
	}
	w->quotes += close ? -(w->quotes > 0) : w->quotes < 1000;
}

void html_pre(struct html_writer *w, bool close)
{
	html_break(w, 2, false);
	w->pre += close ? -(w->pre > 0) : 1;
}

void html_link_open(struct html_writer *w, const char *href)
{
	bool leads = strncasecmp(href, "http", 4) == 0 || strncasecmp(href, "mailto:", 7) == 0 ||
		     strncasecmp(href, "tel:", 4) == 0 || strncasecmp(href, "ftp", 3) == 0;

	w->linked = leads;
	w->href_at = w->out.n;
	memcpy(w->href, leads ? href : "", leads ? strlen(href) + 1 : 1);
}

/* The address, unless the text of the link is the address. */
void html_link_close(struct html_writer *w)
{
	const char *bare = strncasecmp(w->href, "mailto:", 7) == 0 ? w->href + 7
			   : strncasecmp(w->href, "tel:", 4) == 0  ? w->href + 4
								   : w->href;
	const char *host = strstr(bare, "://");
	struct str shown;

	if (!w->linked)
		return;
	w->linked = false;
	if (w->href_at >= w->out.n || w->out.failed)
		return;
	shown = str_n(w->out.p + w->href_at, w->out.n - w->href_at);
	host = host ? host + 3 : bare;
	if (memmem(shown.p, shown.n, host, strlen(host) - (strlen(host) > 1 && host[strlen(host) - 1] == '/')))
		return;
	w->breaks = w->breaks > 0 ? 1 : 0;
	buf_addf(&w->out, " <%s>", bare);
}
