#include "email/compose_body.h"

#include <gmime/gmime.h>

enum { LINE_MAX_ = 998, FILES_MAX = 32, HTML_MAX = 8 << 20 };

void compose_body_init(void) { g_mime_init(); }

/* ---- text ---- */

/* Lines that end in LF alone. */
static void add_lf(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		const char *cr = memchr(s.p + i, '\r', s.n - i);
		size_t from = i;
		i = cr ? (size_t)(cr - s.p) : s.n;
		buf_add(out, s.p + from, i - from);
		if (!cr)
			break;
		buf_addc(out, '\n');
		i += i + 1 < s.n && s.p[i + 1] == '\n' ? 2 : 1;
	}
	if (s.n && s.p[s.n - 1] != '\n' && s.p[s.n - 1] != '\r')
		buf_addc(out, '\n');
}

static void add_crlf(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		const char *nl = memchr(s.p + i, '\n', s.n - i);
		size_t end = nl ? (size_t)(nl - s.p) : s.n;
		buf_add(out, s.p + i, end - i);
		if (nl)
			buf_adds(out, "\r\n");
		i = end + 1;
	}
}

static size_t count_high(const char *p, size_t n)
{
	size_t high = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		high += (size_t)((c >= 127) | ((c < ' ') & (c != '\t')));
	}
	return high;
}

/* What carries it with the least: as it is; quoted-printable for some letters; base64 for another script. Lines that
 * begin with "From " are changed by mail stores, and that would break a signature. */
static GMimeContentEncoding encoding_of(struct str s)
{
	size_t high = 0;
	bool plain = true, from = false;

	for (size_t i = 0, line; i < s.n; i += line + 1) {
		const char *nl = memchr(s.p + i, '\n', s.n - i);
		line = nl ? (size_t)(nl - s.p) - i : s.n - i;
		from |= line >= 5 && memcmp(s.p + i, "From ", 5) == 0;
		plain &= line <= LINE_MAX_;
		high += count_high(s.p + i, line);
	}
	if (from)
		return GMIME_CONTENT_ENCODING_BASE64;
	if (high == 0)
		return plain ? GMIME_CONTENT_ENCODING_7BIT : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
	return high * 6 > s.n ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

static void add_encoded(struct buf *out, struct str s, GMimeContentEncoding how)
{
	GMimeEncoding e;
	struct buf room;
	char *p;

	buf_init(&room, SIZE_MAX / 2);
	g_mime_encoding_init_encode(&e, how);
	p = buf_grow(&room, g_mime_encoding_outlen(&e, s.n) + 16);
	if (p) {
		room.n = g_mime_encoding_flush(&e, s.p, s.n, p);
		add_crlf(out, buf_str(&room));
		if (room.n && p[room.n - 1] != '\n') /* a soft line break keeps the text as it is */
			buf_adds(out, how == GMIME_CONTENT_ENCODING_BASE64 ? "\r\n" : "=\r\n");
	} else {
		out->failed = true;
	}
	buf_free(&room);
}

static void plain_only(struct str text, struct buf *out, size_t *header)
{
	GMimeContentEncoding how = encoding_of(text);

	buf_adds(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ");
	buf_adds(out, g_mime_content_encoding_to_string(how));
	buf_adds(out, "\r\n");
	*header = out->n;
	buf_adds(out, "\r\n");
	if (how == GMIME_CONTENT_ENCODING_7BIT) {
		add_crlf(out, text);
	} else if (how == GMIME_CONTENT_ENCODING_BASE64) {
		struct buf canonical; /* line ends are part of what is encoded, RFC 2045 section 6.8 */
		buf_init(&canonical, SIZE_MAX / 2);
		add_crlf(&canonical, text);
		if (canonical.failed)
			out->failed = true;
		add_encoded(out, buf_str(&canonical), how);
		buf_free(&canonical);
	} else {
		add_encoded(out, text, how);
	}
}

/* ---- trees ---- */

struct building {
	const struct outgoing *m;
	struct str text, html; /* lines in LF; the HTML with our Content-IDs */
	uint32_t inline_files; /* bit k: the HTML refers to file k */
};

static GMimePart *part(struct str bytes, const char *type, const char *subtype, GMimeContentEncoding how)
{
	GMimePart *p = g_mime_part_new_with_type(type, subtype);
	GMimeStream *s = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.n);
	GMimeDataWrapper *w = g_mime_data_wrapper_new_with_stream(s, GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content(p, w);
	g_mime_part_set_content_encoding(p, how);
	g_object_unref(w);
	g_object_unref(s);
	return p;
}

static GMimeObject *text_part(struct str text, const char *subtype)
{
	GMimePart *p = part(text, "text", subtype, encoding_of(text));

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(p), "charset", "utf-8");
	return GMIME_OBJECT(p);
}

/* A type from outside: only what may be written in base64, which multipart and message may not (RFC 2045 section 6.4). */
static bool type_ok(struct str type, char major[64], char minor[64])
{
	static const char special[] = "()<>@,;:\\\"/[]?= ";
	const char *slash = type.n ? memchr(type.p, '/', type.n) : NULL;
	size_t n = slash ? (size_t)(slash - type.p) : 0, k = slash ? type.n - n - 1 : 0;

	if (n == 0 || k == 0 || n > 63 || k > 63)
		return false;
	for (size_t i = 0; i < type.n; i++)
		if (i != n && (type.p[i] <= ' ' || type.p[i] >= 127 || strchr(special, type.p[i])))
			return false;
	memcpy(major, type.p, n);
	major[n] = 0;
	memcpy(minor, slash + 1, k);
	minor[k] = 0;
	return !str_ieq(str_of(major), STR("multipart")) && !str_ieq(str_of(major), STR("message"));
}

static void file_name(struct str name, char out[256])
{
	struct buf b = {.p = out, .cap = 256, .max = 255};

	for (size_t i = 0; i < name.n && b.n < 240;) {
		uint32_t c = str_next(name, &i);
		buf_add_utf8(&b, c < ' ' || c == 127 || c == '/' || c == '\\' ? '_' : c);
	}
	out[b.n] = 0;
}

static GMimeObject *file_part(const struct building *b, size_t k)
{
	const struct outgoing_file *f = &b->m->files[k];
	char major[64] = "application", minor[64] = "octet-stream", name[256];
	GMimePart *p;

	if (!type_ok(f->type, major, minor)) {
		memcpy(major, "application", 12);
		memcpy(minor, "octet-stream", 13);
	}
	p = part(f->bytes, major, minor, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_object_set_disposition(GMIME_OBJECT(p), b->inline_files >> k & 1 ? "inline" : "attachment");
	file_name(f->name, name);
	if (name[0])
		g_mime_part_set_filename(p, name);
	if (b->inline_files >> k & 1) {
		char *id = g_strdup_printf("%zu.%.*s", k + 1, (int)b->m->message_id.n, b->m->message_id.p);
		g_mime_part_set_content_id(p, id);
		g_free(id);
	}
	return GMIME_OBJECT(p);
}

static void add_part(GMimeMultipart *to, GMimeObject *what)
{
	g_mime_multipart_add(to, what);
	g_object_unref(what);
}

static GMimeObject *html_part(const struct building *b)
{
	GMimeObject *html = text_part(b->html, "html");
	GMimeMultipart *related;

	if (!b->inline_files)
		return html;
	related = g_mime_multipart_new_with_subtype("related");
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(related), "type", "text/html");
	add_part(related, html);
	for (size_t k = 0; k < b->m->files_n; k++)
		if (b->inline_files >> k & 1)
			add_part(related, file_part(b, k));
	return GMIME_OBJECT(related);
}

static GMimeObject *content(const struct building *b)
{
	GMimeMultipart *both;

	if (!b->html.n)
		return text_part(b->text, "plain");
	if (!b->text.n)
		return html_part(b);
	both = g_mime_multipart_new_with_subtype("alternative");
	add_part(both, text_part(b->text, "plain"));
	add_part(both, html_part(b));
	return GMIME_OBJECT(both);
}

static GMimeObject *tree(const struct building *b)
{
	uint32_t all = b->m->files_n ? (uint32_t)((UINT64_C(1) << b->m->files_n) - 1) : 0;
	GMimeMultipart *mixed;

	if ((b->inline_files & all) == all)
		return content(b);
	mixed = g_mime_multipart_new_with_subtype("mixed");
	if (b->text.n || b->html.n)
		add_part(mixed, content(b));
	for (size_t k = 0; k < b->m->files_n; k++)
		if (!(b->inline_files >> k & 1))
			add_part(mixed, file_part(b, k));
	return GMIME_OBJECT(mixed);
}

static void write_tree(const struct building *b, struct buf *out, size_t *header)
{
	GMimeObject *o = tree(b);
	char *text = g_mime_object_to_string(o, NULL), *gap = text ? strstr(text, "\n\n") : NULL;

	if (gap) {
		add_crlf(out, str_n(text, (size_t)(gap + 1 - text)));
		*header = out->n;
		add_crlf(out, str_of(gap + 1));
		if (out->n && !out->failed && out->p[out->n - 1] != '\n')
			buf_adds(out, "\r\n");
	} else {
		out->failed = true;
	}
	g_free(text);
	g_object_unref(o);
}

/* ---- inline files ---- */

static bool ends_name(struct str s, size_t i) { return i >= s.n || strchr("\"'<>) \t\r\n", s.p[i]) != NULL; }

/* Which file does "cid:" at s.p refer to? The longest name decides; -1: none of ours. */
static int refers(const struct outgoing *m, struct str s)
{
	int best = -1;

	for (size_t k = 0; k < m->files_n; k++) {
		struct str name = m->files[k].name;
		if (name.n && s.n >= name.n && memcmp(s.p, name.p, name.n) == 0 && ends_name(s, name.n) &&
		    (best < 0 || name.n > m->files[best].name.n))
			best = (int)k;
	}
	return best;
}

/* Content-IDs are names in the whole world (RFC 2045 section 7): "cid:logo.png" becomes "cid:1.<our Message-ID>". */
static void name_inline(struct building *b, struct buf *out)
{
	struct str s = b->m->html;

	for (size_t i = 0; i < s.n;) {
		const char *at = memmem(s.p + i, s.n - i, "cid:", 4);
		size_t end = at ? (size_t)(at - s.p) + 4 : s.n;
		int k;
		buf_add(out, s.p + i, end - i);
		i = end;
		if (!at || (k = refers(b->m, str_n(s.p + i, s.n - i))) < 0)
			continue;
		buf_addf(out, "%d.%.*s", k + 1, (int)b->m->message_id.n, b->m->message_id.p);
		b->inline_files |= UINT32_C(1) << k;
		i += b->m->files[k].name.n;
	}
}

int compose_body(const struct outgoing *m, struct buf *out, size_t *header, struct err *err)
{
	struct building b = {.m = m};
	struct buf text, html, named;
	int r = 0;

	if (m->files_n > FILES_MAX - 1 || m->html.n > HTML_MAX)
		return err_set(err, ERR_SEMANTIC, "too_large", NULL, "too many files or too much HTML");
	if (m->html.n && (memchr(m->html.p, 0, m->html.n) || !str_utf8_ok(m->html)))
		return err_set(err, ERR_SEMANTIC, "html_invalid", "html", "the HTML is not UTF-8 without NUL");
	buf_init(&text, SIZE_MAX / 2);
	buf_init(&html, SIZE_MAX / 2);
	buf_init(&named, SIZE_MAX / 2);
	add_lf(&text, m->text);
	name_inline(&b, &named);
	add_lf(&html, buf_str(&named));
	b.text = buf_str(&text);
	b.html = buf_str(&html);
	if (text.failed || html.failed || named.failed)
		r = err_nomem(err);
	else if (m->files_n || b.html.n)
		write_tree(&b, out, header);
	else
		plain_only(b.text, out, header);
	buf_free(&text);
	buf_free(&html);
	buf_free(&named);
	return r;
}
