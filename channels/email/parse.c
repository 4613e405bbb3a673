#include "email/parse.h"

#include "email/body.h"
#include "email/classify.h"
#include "email/header.h"
#include "email/part.h"
#include "email/visible.h"

static const struct mail_limits defaults = {
	.bytes = 64 << 20, .fields = 1000, .parts = 1000, .depth = 32, .addresses = 1000, .text = 4 << 20};

enum { DEEPEST = 60, IDS = 1000 };

static struct mail_limits settled(const struct mail_limits *given)
{
	struct mail_limits l = given ? *given : defaults;

	l.bytes = l.bytes ? l.bytes : defaults.bytes;
	l.fields = l.fields > 0 ? l.fields : defaults.fields;
	l.parts = l.parts > 0 ? l.parts : defaults.parts;
	l.depth = l.depth > 0 ? l.depth : defaults.depth;
	l.depth = l.depth < DEEPEST ? l.depth : DEEPEST;
	l.addresses = l.addresses > 0 ? l.addresses : defaults.addresses;
	l.text = l.text ? l.text : defaults.text;
	return l;
}

/* Files of old Macintoshes end lines in CR alone. */
static struct str line_ends(struct str raw, struct arena *a)
{
	char *p;

	if (memchr(raw.p, '\n', raw.n) || !memchr(raw.p, '\r', raw.n))
		return raw;
	p = arena_memdup(a, raw.p, raw.n);
	for (size_t i = 0; p && i < raw.n; i++)
		if (p[i] == '\r')
			p[i] = '\n';
	return str_n(p, raw.n);
}

static int addresses(struct part_context *x, const char *name, struct mail *m, struct mail_addresses *out)
{
	return header_addresses(header_raw(&m->fields, name), x->limits->addresses, x->a, out, &x->defects);
}

static int everybody(struct part_context *x, struct mail *m)
{
	return addresses(x, "From", m, &m->from) || addresses(x, "Sender", m, &m->sender) ||
	       addresses(x, "Reply-To", m, &m->reply_to) || addresses(x, "To", m, &m->to) ||
	       addresses(x, "Cc", m, &m->cc) || addresses(x, "Bcc", m, &m->bcc);
}

/* All fields of these names, in order. */
static int collect(struct part_context *x, struct mail *m, const char *const *names, struct mail_strings *out)
{
	int n = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < m->fields.n; i++)
			for (const char *const *name = names; *name; name++) {
				if (!str_ieq(m->fields.at[i].name, str_of(*name)))
					continue;
				if (pass == 0) {
					n++;
				} else {
					struct str s = header_unfold(m->fields.at[i].raw, x->a);
					if (!s.p)
						return -1;
					out->at[out->n++] = s;
				}
			}
		if (pass == 0 && n && !(out->at = arena_array(x->a, struct str, (size_t)n)))
			return -1;
	}
	return 0;
}

static int ids(struct part_context *x, struct mail *m)
{
	struct mail_strings own = {0}, before = {0};

	if (header_ids(header_raw(&m->fields, "Message-ID"), IDS, x->a, &own, &x->defects) ||
	    header_ids(header_raw(&m->fields, "In-Reply-To"), IDS, x->a, &before, &x->defects))
		return -1;
	m->message_id = own.n ? own.at[0] : str_n("", 0);
	m->in_reply_to = before.n ? before.at[0] : str_n("", 0);
	return header_ids(header_raw(&m->fields, "References"), IDS, x->a, &m->references, &x->defects);
}

static struct str angle_address(struct str s)
{
	s = str_trim(s);
	if (str_is(s, "<>"))
		return s;
	if (s.n > 1 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		return str_n(s.p + 1, s.n - 2);
	return s;
}

static int header_fields(struct part_context *x, struct mail *m)
{
	static const char *const delivered[] = {"Delivered-To",	 "X-Original-To",  "Envelope-To",
						"X-Envelope-To", "X-Delivered-To", NULL};
	static const char *const results[] = {"Authentication-Results", NULL};
	struct {
		struct str *to;
		const char *name;
	} texts[] = {{&m->return_path, "Return-Path"},
		     {&m->list_id, "List-Id"},
		     {&m->list_unsubscribe, "List-Unsubscribe"},
		     {&m->list_unsubscribe_post, "List-Unsubscribe-Post"}};

	m->subject = header_text(header_raw(&m->fields, "Subject"), x->a, &x->defects);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		*texts[i].to = header_unfold(header_raw(&m->fields, texts[i].name), x->a);
		if (!texts[i].to->p)
			return -1;
	}
	m->return_path = angle_address(m->return_path);
	m->auto_submitted = header_lower(header_raw(&m->fields, "Auto-Submitted"), x->a);
	m->precedence = header_lower(header_raw(&m->fields, "Precedence"), x->a);
	if (!m->subject.p || !m->auto_submitted.p || !m->precedence.p)
		return -1;
	if (!header_date(header_raw(&m->fields, "Date"), &m->date))
		m->date = 0;
	m->bulk =
		m->list_id.n || m->list_unsubscribe.n || str_is(m->precedence, "bulk") || str_is(m->precedence, "list");
	return everybody(x, m) || ids(x, m) || collect(x, m, delivered, &m->delivered_to) ||
	       collect(x, m, results, &m->authentication_results);
}

/* A text without a header: its first line may have a colon in it all the same. */
static struct str headless(struct str raw, struct part_context *x)
{
	static const char *const names[] = {"from",   "to",  "subject",	   "date",     "received", "cc",
					    "sender", "bcc", "references", "comments", "keywords"};
	struct mail_fields f;
	unsigned defects = 0;
	bool failed = false;
	char *p;

	header_split(raw, 8, x->a, &f, &defects, &failed);
	for (int i = 0; i < f.n; i++) {
		if (memchr(f.at[i].name.p, '-', f.at[i].name.n))
			return raw;
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (str_ieq(f.at[i].name, str_of(names[k])))
				return raw;
	}
	p = failed ? NULL : arena_alloc(x->a, raw.n + 1);
	if (!p)
		return str_n(NULL, 0);
	x->defects |= MAIL_MIME;
	p[0] = '\n';
	memcpy(p + 1, raw.p, raw.n);
	return str_n(p, raw.n + 1);
}

static void blank(struct mail *m)
{
	struct str none = {"", 0};

	*m = (struct mail){0};
	m->subject = m->message_id = m->in_reply_to = m->return_path = none;
	m->list_id = m->list_unsubscribe = m->list_unsubscribe_post = m->auto_submitted = m->precedence = none;
	m->text = m->visible = m->html = none;
	m->original.message_id = m->original.return_path = m->original.envelope_id = m->original.from = none;
	m->original.to = m->original.subject = m->original.date = m->original.feedback_type = none;
}

int mail_parse(struct str raw, const struct mail_limits *limits, struct arena *a, struct mail *out, struct err *err)
{
	struct mail_limits l = settled(limits);
	struct part_context x = {.limits = &l, .a = a};
	struct part *root = arena_alloc(a, sizeof *root);

	blank(out);
	out->raw = raw;
	if (raw.n > l.bytes) {
		raw.n = l.bytes;
		x.defects |= MAIL_CUT;
	}
	raw = line_ends(raw, a);
	raw = raw.p ? headless(header_start(raw), &x) : raw;
	if (!root || !raw.p || part_tree(&x, raw, root))
		return err_nomem(err);
	out->fields = root->fields;
	if (header_fields(&x, out) || body_read(&x, root, out) || classify(&x, root, out))
		return err_nomem(err);
	out->visible = mail_visible(out->text, a);
	out->defects = x.defects;
	return 0;
}

const char *mail_class_word(enum mail_class c)
{
	static const char *const words[] = {"message", "auto-reply", "bounce", "delay", "complaint"};

	return words[c];
}

const char *mail_bounce_word(enum mail_bounce b)
{
	static const char *const words[] = {NULL, "soft", "hard"};

	return words[b];
}

struct str mail_field(const struct mail *m, const char *name, struct arena *a)
{
	unsigned defects = 0;
	struct str s = header_text(header_raw(&m->fields, name), a, &defects);

	return s.p ? s : str_n("", 0);
}
