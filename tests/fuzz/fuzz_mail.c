/* A mail of any bytes: it is parsed, what comes out is UTF-8 without NUL, and lies within what was allowed. */
#include <stdlib.h>

#include "email/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text(struct str s)
{
	if (!s.p || !str_utf8_ok(s) || memchr(s.p, 0, s.n))
		abort();
}

static void people(const struct mail_addresses *l)
{
	for (int i = 0; i < l->n; i++) {
		text(l->at[i].name);
		text(l->at[i].address);
	}
}

static void attachments(const struct mail *m)
{
	for (int i = 0; i < m->n_attachments; i++) {
		const struct mail_attachment *f = &m->attachments[i];
		text(f->name);
		text(f->type);
		if (!f->content.p || memchr(f->name.p, '/', f->name.n))
			abort();
	}
}

static void recipients(const struct mail *m)
{
	for (int i = 0; i < m->n_recipients; i++) {
		const struct mail_recipient *r = &m->recipients[i];
		text(r->address);
		text(r->diagnostic);
		if (!r->reason || (r->bounce == MAIL_BOUNCE_HARD && r->status[0] != '5') || strlen(r->status) > 11)
			abort();
	}
	if (m->class == MAIL_MESSAGE && m->n_recipients)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mail_limits tight = {.fields = 20, .parts = 20, .depth = 4, .addresses = 10, .text = 2000};
	struct arena *a = arena_new((64 << 20) + size * 12);
	struct mail m;
	struct err e = {0};

	for (int i = 0; a && i < 2; i++) {
		if (mail_parse(str_n((const char *)data, size), i ? &tight : NULL, a, &m, &e))
			abort();
		text(m.subject);
		text(m.text);
		text(m.html);
		text(m.visible);
		text(m.message_id);
		text(m.original.message_id);
		text(m.original.return_path);
		people(&m.from);
		people(&m.to);
		attachments(&m);
		recipients(&m);
		if (i && (m.n_attachments > 20 + 50 || m.text.n > 2000 || m.from.n > 10))
			abort();
		arena_reset(a);
	}
	arena_free(&a);
	return 0;
}
