#include "liquid/escape.h"

static const char *entity_of(char ch)
{
	switch (ch) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void escape_html(struct buf *out, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *entity = entity_of(s.p[i]);
		if (!entity)
			continue;
		buf_add(out, s.p + from, i - from);
		buf_adds(out, entity);
		from = i + 1;
	}
	buf_add(out, s.p + from, s.n - from);
}

/* XML 1.0, 2.2: control characters other than tab and line ends have no place in a document. */
static void escape_xml(struct buf *out, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t ch = (uint8_t)s.p[i];
		if (ch >= 0x20 || ch == '\t' || ch == '\n' || ch == '\r')
			continue;
		escape_html(out, str_n(s.p + from, i - from));
		from = i + 1;
	}
	escape_html(out, str_n(s.p + from, s.n - from));
}

void escape_for(enum liquid_escape how, struct buf *out, struct str s)
{
	if (how == LIQUID_PLAIN)
		buf_add(out, s.p, s.n);
	else if (how == LIQUID_HTML)
		escape_html(out, s);
	else
		escape_xml(out, s);
}
