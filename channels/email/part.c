#include "email/part.h"

#include "email/decode.h"

enum { BOUNDARY = 512 };

bool part_is(const struct part *p, const char *type) { return str_is(p->type, type); }

bool part_is_under(const struct part *p, const char *type)
{
	size_t n = strlen(type);

	return p->type.n >= n && memcmp(p->type.p, type, n) == 0;
}

void part_walk_begin(struct part_walk *w, struct part *root)
{
	w->n = 1;
	w->stack[0] = root;
}

struct part *part_walk_next(struct part_walk *w)
{
	struct part *p;

	if (!w->n)
		return NULL;
	p = w->stack[--w->n];
	if (p->next)
		w->stack[w->n++] = p->next;
	if (p->child && w->n < (int)(sizeof w->stack / sizeof *w->stack))
		w->stack[w->n++] = p->child;
	return p;
}

struct str part_file_name(struct str s, struct arena *a)
{
	char *p, *o;

	if (!str_utf8_ok(s))
		return str_n("", 0);
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\') {
			s = str_n(s.p + i, s.n - i);
			break;
		}
	s = str_trim(s);
	if (str_is(s, ".") || str_is(s, ".."))
		return str_n("", 0);
	o = p = arena_strndup(a, s.p, s.n);
	for (size_t i = 0; p && i < s.n; i++)
		if ((uint8_t)s.p[i] >= ' ' && s.p[i] != 127)
			*o++ = s.p[i];
	return str_n(p, (size_t)(o - p));
}

static char encoding_of(struct str word)
{
	static const struct {
		const char *word;
		char encoding;
	} known[] = {{"base64", 'b'},	      {"quoted-printable", 'q'}, {"x-uuencode", 'u'}, {"uuencode", 'u'},
		     {"x-uue", 'u'},	      {"base-64", 'b'},		 {"b64", 'b'},	      {"qp", 'q'},
		     {"quotedprintable", 'q'}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(word, known[i].word))
			return known[i].encoding;
	return 0;
}

/* Old and careless programs: "text", "html", "plain". */
static struct str whole_type(struct str type, bool digest)
{
	if (memchr(type.p, '/', type.n) && type.n > 2)
		return type;
	if (str_is(type, "text"))
		return STR("text/plain");
	if (str_is(type, "html") || str_is(type, "text-html"))
		return STR("text/html");
	return digest ? STR("message/rfc822") : STR("text/plain");
}

static int describe(struct part_context *x, struct part *p, bool digest)
{
	struct header_value disposition;
	struct str id = header_raw(&p->fields, "Content-ID"), type = header_raw(&p->fields, "Content-Type"), enc;
	struct str name;

	if (header_params(type, x->a, &p->content_type, &x->defects) ||
	    header_params(header_raw(&p->fields, "Content-Disposition"), x->a, &disposition, &x->defects))
		return -1;
	p->typed = p->content_type.value.n > 0;
	p->type = whole_type(p->content_type.value, digest);
	p->charset = header_param(&p->content_type, "charset");
	p->disposition = disposition.value;
	name = header_param(&disposition, "filename");
	if (!name.n)
		name = header_param(&disposition, "name");
	if (!name.n)
		name = header_param(&p->content_type, "name");
	p->name = part_file_name(name, x->a);
	enc = header_lower(header_raw(&p->fields, "Content-Transfer-Encoding"), x->a);
	p->content_id = header_unfold(id, x->a);
	p->flowed = str_ieq(header_param(&p->content_type, "format"), STR("flowed"));
	p->delsp = str_ieq(header_param(&p->content_type, "delsp"), STR("yes"));
	if (!p->name.p || !enc.p || !p->content_id.p)
		return -1;
	p->encoding = encoding_of(enc);
	if (p->content_id.n > 1 && p->content_id.p[0] == '<' && p->content_id.p[p->content_id.n - 1] == '>')
		p->content_id = str_n(p->content_id.p + 1, p->content_id.n - 2);
	return 0;
}

/* One line of the boundary. */
struct mark {
	size_t start, end; /* of the line with its line ends on both sides, so that the part before stops at start */
	bool last;	   /* "--boundary--" */
};

/* memmem first, then a look whether it stands alone on its line: outer levels cost one scan, whatever is inside. */
static bool next_mark(struct str s, size_t at, struct str boundary, struct mark *m)
{
	while (at < s.n) {
		const char *p = memmem(s.p + at, s.n - at, boundary.p, boundary.n);
		size_t i, k;
		if (!p)
			return false;
		i = (size_t)(p - s.p);
		at = i + 1;
		if (i > 0 && s.p[i - 1] != '\n')
			continue;
		k = i + boundary.n;
		m->last = k + 1 < s.n && s.p[k] == '-' && s.p[k + 1] == '-';
		k += m->last ? 2 : 0;
		while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t' || s.p[k] == '\r'))
			k++;
		if (k < s.n && s.p[k] != '\n') {
			if (!m->last)
				continue;
			while (k < s.n && s.p[k] != '\n') /* rubbish behind the end is an end all the same */
				k++;
		}
		m->start = i > 1 && s.p[i - 1] == '\n' && s.p[i - 2] == '\r' ? i - 2 : i > 0 ? i - 1 : 0;
		m->end = k < s.n ? k + 1 : s.n;
		return true;
	}
	return false;
}

/* No parameter, or one that never comes: the first line that looks like a boundary and comes again. */
static struct str guess_boundary(struct str body)
{
	size_t at = 0;

	for (int lines = 0; lines < 100 && at < body.n; lines++) {
		const char *nl = memchr(body.p + at, '\n', body.n - at);
		size_t end = nl ? (size_t)(nl - body.p) : body.n;
		struct str line = str_trim(str_n(body.p + at, end - at));
		bool lone = line.n > 6 && line.n < 80 && line.p[0] == '-' && line.p[1] == '-' && line.p[2] != ' ' &&
			    !memchr(line.p, ' ', line.n);
		if (lone && end + 1 < body.n && (body.p[end + 1] | 32) == 'c' &&
		    memmem(body.p + end, body.n - end < 200 ? body.n - end : 200, ":", 1))
			return line;
		at = end + 1;
	}
	return str_n("", 0);
}

static int read_part(struct part_context *x, struct str raw, bool digest, int depth, struct part *p);

static struct part *add_child(struct part_context *x, struct part *p, struct part **last)
{
	struct part *c = arena_alloc(x->a, sizeof *c);

	if (!c)
		return NULL;
	if (*last)
		(*last)->next = c;
	else
		p->child = c;
	x->parts++;
	return *last = c;
}

static int read_children(struct part_context *x, struct part *p, struct str boundary, int depth)
{
	struct part *last = NULL, *c;
	struct mark m, next = {0};
	bool digest = part_is(p, "multipart/digest"), more = next_mark(p->body, 0, boundary, &m);

	while (more && !m.last) {
		size_t from = m.end;
		bool room = x->parts < x->limits->parts;
		more = room && next_mark(p->body, from, boundary, &next);
		if (!more || !room)
			x->defects |= room ? MAIL_MIME : MAIL_PARTS;
		c = add_child(x, p, &last);
		if (!c)
			return -1;
		if (next.start < from) /* an empty part: one line end is of both lines */
			next.start = from;
		if (read_part(x, str_n(p->body.p + from, (more ? next.start : p->body.n) - from), digest, depth + 1, c))
			return -1;
		m = next;
	}
	return 0;
}

static struct str boundary_line(struct str b, struct arena *a)
{
	char *p;

	b = str_trim(b);
	if (!b.n || b.n > BOUNDARY)
		return str_n("", 0);
	p = arena_alloc(a, b.n + 3);
	if (!p)
		return str_n(NULL, 0);
	p[0] = p[1] = '-';
	memcpy(p + 2, b.p, b.n);
	return str_n(p, b.n + 2);
}

static int read_multipart(struct part_context *x, struct part *p, int depth)
{
	struct str boundary = boundary_line(header_param(&p->content_type, "boundary"), x->a);
	struct mark m;

	if (!boundary.p)
		return -1;
	if (depth >= x->limits->depth) {
		x->defects |= MAIL_PARTS;
		return 0;
	}
	if (boundary.n && !next_mark(p->body, 0, boundary, &m) && p->encoding) { /* forbidden, and seen */
		p->body = part_content(x, p);
		p->encoding = 0;
		if (!p->body.p)
			return -1;
	}
	if (!boundary.n || !next_mark(p->body, 0, boundary, &m)) {
		x->defects |= MAIL_MIME;
		boundary = guess_boundary(p->body);
		if (!boundary.n)
			return 0;
	}
	p->kind = PART_MULTI;
	return read_children(x, p, boundary, depth);
}

static int read_part(struct part_context *x, struct str raw, bool digest, int depth, struct part *p)
{
	bool failed = false;

	p->whole = raw;
	p->body = header_split(raw, x->limits->fields, x->a, &p->fields, &x->defects, &failed);
	if (failed || describe(x, p, digest))
		return -1;
	if (part_is_under(p, "multipart/") && read_multipart(x, p, depth))
		return -1;
	if (p->kind == PART_MULTI && !p->child)
		p->kind = PART_LEAF;
	if (p->kind == PART_LEAF && part_is_under(p, "multipart/")) {
		p->type = STR("text/plain");
		p->typed = false;
	}
	return 0;
}

int part_tree(struct part_context *x, struct str raw, struct part *root)
{
	*root = (struct part){0};
	x->parts++;
	return read_part(x, raw, false, 0, root);
}

struct str part_content(struct part_context *x, const struct part *p)
{
	bool bad = false;
	struct str s = p->body;
	struct decode_block uu;

	if (p->encoding == 'q')
		s = decode_quoted(s, false, x->a, &bad);
	else if (p->encoding == 'b' && decode_is_base64(s))
		s = decode_base64(s, x->a, &bad);
	else if (p->encoding == 'b')
		bad = true;
	else if (p->encoding == 'u' && decode_find_uu(s, 0, &uu))
		s = decode_uu(uu.lines, x->a, &bad);
	x->defects |= bad ? MAIL_ENCODING : 0;
	return s;
}
