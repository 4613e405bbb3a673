#include "email/body.h"

#include "base/crypto.h"
#include "base/html.h"
#include "email/decode.h"

enum { UU_MAX = 50 };

struct list {
	struct part **at;
	int n;
	bool off; /* an alternative has shown that this body is elsewhere */
};

struct bodies {
	struct list text, html, attached;
	bool failed;
};

static bool media(const struct part *p)
{
	return part_is_under(p, "image/") || part_is_under(p, "audio/") || part_is_under(p, "video/");
}

static void add(struct list *l, struct part *p)
{
	if (!l->off)
		l->at[l->n++] = p;
}

static bool shown(const struct part *p, const struct part *parent, bool first)
{
	bool related = parent && part_is(parent, "multipart/related");

	if (str_is(p->disposition, "attachment") || !(part_is(p, "text/plain") || part_is(p, "text/html") || media(p)))
		return false;
	return first || (!related && (media(p) || !p->name.n));
}

static void choose(struct bodies *b, struct part *p, const struct part *parent, bool first, bool in_alternative)
{
	if (!shown(p, parent, first)) {
		add(&b->attached, p);
		return;
	}
	if (parent && part_is(parent, "multipart/alternative")) {
		add(part_is(p, "text/plain") ? &b->text : part_is(p, "text/html") ? &b->html : &b->attached, p);
		return;
	}
	if (in_alternative) { /* not what one would think, but alternatives that are themselves mixed */
		b->html.off |= part_is(p, "text/plain");
		b->text.off |= part_is(p, "text/html");
	}
	add(&b->text, p);
	add(&b->html, p);
	if (media(p))
		add(&b->attached, p);
}

/* What only one of the alternatives had is the body of both. */
static void fill(struct list *to, const struct list *from, int since)
{
	for (int i = since; i < from->n; i++)
		add(to, from->at[i]);
}

static void walk(struct bodies *b, struct part *parent, bool in_alternative)
{
	int texts = b->text.n, htmls = b->html.n;
	bool text_off = b->text.off, html_off = b->html.off;

	for (struct part *p = parent->child; p; p = p->next) {
		if (p->kind == PART_MULTI)
			walk(b, p, in_alternative || part_is(p, "multipart/alternative"));
		else
			choose(b, p, parent, p == parent->child, in_alternative);
	}
	b->text.off = text_off;
	b->html.off = html_off;
	if (part_is(parent, "multipart/alternative") && !text_off && !html_off) {
		if (texts == b->text.n && htmls != b->html.n)
			fill(&b->text, &b->html, htmls);
		else if (htmls == b->html.n && texts != b->text.n)
			fill(&b->html, &b->text, texts);
	}
}

static bool in_list(const struct list *l, const struct part *p)
{
	for (int i = 0; i < l->n; i++)
		if (l->at[i] == p)
			return true;
	return false;
}

static void digest_of(struct mail_attachment *f)
{
	uint8_t sum[SHA256_LEN];

	crypto_sha256(f->content, sum);
	crypto_hex(sum, sizeof sum, f->sha256);
}

static struct mail_attachment *new_attachment(struct part_context *x, struct mail *out, int *cap)
{
	struct mail_attachment *more;

	if (out->n_attachments == *cap) {
		*cap = *cap ? *cap * 4 : 4;
		more = arena_array(x->a, struct mail_attachment, (size_t)*cap);
		if (!more)
			return NULL;
		if (out->n_attachments)
			memcpy(more, out->attachments, sizeof *more * (size_t)out->n_attachments);
		out->attachments = more;
	}
	return &out->attachments[out->n_attachments++];
}

static int attach(struct part_context *x, const struct bodies *b, struct part *p, struct mail *out, int *cap)
{
	struct mail_attachment *f = new_attachment(x, out, cap);
	struct decode_block uu;

	if (!f)
		return -1;
	f->name = p->name;
	f->type = p->type;
	f->charset = p->charset;
	f->content_id = p->content_id;
	f->inline_ = !str_is(p->disposition, "attachment") && (p->content_id.n || in_list(&b->html, p));
	f->content = part_content(x, p);
	if (!f->name.n && p->encoding == 'u' && decode_find_uu(p->body, 0, &uu))
		f->name = part_file_name(uu.name, x->a);
	if (!f->content.p || (f->name.n && !f->name.p))
		return -1;
	digest_of(f);
	return 0;
}

/* A file in the text: out of it, into the attachments. */
static int take_uu(struct part_context *x, struct str *text, struct mail *out, int *cap)
{
	struct decode_block uu;
	struct buf rest;
	size_t at = 0;

	if (!memmem(text->p, text->n, "begin ", 6) || !decode_find_uu(*text, 0, &uu))
		return 0;
	buf_init(&rest, text->n + 1);
	for (int i = 0; i < UU_MAX && decode_find_uu(*text, at, &uu); i++) {
		struct mail_attachment *f = new_attachment(x, out, cap);
		bool bad = false;
		if (!f)
			break;
		f->name = part_file_name(uu.name, x->a);
		f->type = STR("application/octet-stream");
		f->content = decode_uu(uu.lines, x->a, &bad);
		if (!f->content.p || !f->name.p)
			break;
		digest_of(f);
		x->defects |= bad ? MAIL_ENCODING : 0;
		buf_add(&rest, text->p + at, uu.start - at);
		at = uu.end;
	}
	buf_add(&rest, text->p + at, text->n - at);
	*text = rest.failed ? str_n(NULL, 0) : arena_str(x->a, buf_str(&rest));
	buf_free(&rest);
	return text->p ? 0 : -1;
}

static bool empty(struct str s) { return !str_trim(s).n; }

/* One more piece of a body, on a line of its own. */
static void append(struct part_context *x, struct buf *b, struct str s)
{
	if (b->n && b->n < b->max && b->p[b->n - 1] != '\n')
		buf_addc(b, '\n');
	x->defects |= s.n > b->max - b->n ? MAIL_LONG : 0;
	buf_addstr(b, str_utf8_head(s, b->max - b->n));
}

static struct str html_of(struct part_context *x, struct part *p)
{
	struct str content = part_content(x, p);

	if (content.p && !p->charset.n)
		p->charset = html_charset(content);
	return content.p ? part_text(x, p, content) : content;
}

static struct str readable(struct part_context *x, struct str html) { return html_text(html, x->limits->text, x->a); }

static int text_piece(struct part_context *x, struct part *p, struct mail *out, struct buf *b, int *cap)
{
	struct str s;

	if (part_is(p, "text/html")) {
		s = html_of(x, p);
		s = s.p ? readable(x, s) : s;
	} else {
		s = part_content(x, p);
		s = s.p ? part_text(x, p, s) : s;
		if (s.p && take_uu(x, &s, out, cap))
			return -1;
	}
	if (!s.p)
		return -1;
	append(x, b, s);
	return 0;
}

static int read_lists(struct part_context *x, struct bodies *b, struct mail *out, struct buf *text, struct buf *html)
{
	int cap = 0;

	for (int i = 0; i < b->attached.n; i++)
		if (attach(x, b, b->attached.at[i], out, &cap))
			return -1;
	for (int i = 0; i < b->html.n; i++)
		if (part_is(b->html.at[i], "text/html")) {
			struct str s = html_of(x, b->html.at[i]);
			if (!s.p)
				return -1;
			append(x, html, s);
		}
	for (int i = 0; i < b->text.n; i++)
		if (!media(b->text.at[i]) && text_piece(x, b->text.at[i], out, text, &cap))
			return -1;
	return 0;
}

/* A mail that is nothing but a text of another type shows it. */
static void lone_text(struct bodies *b)
{
	struct part *p = b->attached.n ? b->attached.at[0] : NULL;

	if (!b->text.n && p && part_is_under(p, "text/") && !str_is(p->disposition, "attachment"))
		add(&b->text, p);
}

static struct str kept(struct buf *b, struct arena *a)
{
	struct str s = b->failed ? str_n(NULL, 0) : arena_str(a, buf_str(b));

	buf_free(b);
	return s;
}

int body_read(struct part_context *x, struct part *root, struct mail *out)
{
	struct bodies b = {0};
	struct list *lists[] = {&b.text, &b.html, &b.attached};
	struct buf text, html;
	int rc;

	for (int i = 0; i < 3; i++) {
		lists[i]->at = arena_array(x->a, struct part *, (size_t)x->parts * 2 + 1);
		if (!lists[i]->at)
			return -1;
	}
	if (root->kind == PART_MULTI)
		walk(&b, root, part_is(root, "multipart/alternative"));
	else
		choose(&b, root, NULL, true, false);
	lone_text(&b);
	buf_init(&text, x->limits->text);
	buf_init(&html, x->limits->text);
	rc = read_lists(x, &b, out, &text, &html);
	out->text = kept(&text, x->a);
	out->html = kept(&html, x->a);
	if (rc || !out->text.p || !out->html.p)
		return -1;
	if (empty(out->text) && !empty(out->html))
		out->text = readable(x, out->html);
	return out->text.p ? 0 : -1;
}
