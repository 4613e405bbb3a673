#include "email/match.h"

enum { QUOTED_MAX = 256 << 10 };

static bool by_address(const struct match_where *w, enum token_kind kind, const char *pattern, const struct mail *m,
		       struct delivery_id *out)
{
	if (!pattern || !strchr(pattern, '*'))
		return false;
	for (size_t k = 0; k < w->to_n; k++)
		if (mail_token_in_mailbox(w->secret, kind, pattern, w->to[k], out))
			return true;
	/* A server that rewrites recipients leaves them in the header. */
	for (int k = 0; k < m->delivered_to.n; k++)
		if (mail_token_in_mailbox(w->secret, kind, pattern, m->delivered_to.at[k], out))
			return true;
	for (int k = 0; k < m->to.n; k++)
		if (mail_token_in_mailbox(w->secret, kind, pattern, m->to.at[k].address, out))
			return true;
	for (int k = 0; k < m->cc.n; k++)
		if (mail_token_in_mailbox(w->secret, kind, pattern, m->cc.at[k].address, out))
			return true;
	return false;
}

/* One of our Message-IDs somewhere in the text: a quoted header, a link. */
static bool in_text(const struct match_where *w, struct str text, struct delivery_id *out)
{
	size_t n = text.n < QUOTED_MAX ? text.n : QUOTED_MAX, len = strlen(w->domain);

	for (size_t k = 0; k + len < n; k++) {
		size_t from = k;
		if (text.p[k] != '@' || memcmp(text.p + k + 1, w->domain, len) != 0)
			continue;
		while (from && k - from < MESSAGE_ID_MAX && text.p[from - 1] > ' ' && text.p[from - 1] != '<' &&
		       text.p[from - 1] != ':')
			from--;
		if (message_id_read(str_n(text.p + from, k + 1 + len - from), w->domain, out))
			return true;
	}
	return false;
}

struct match match_reply(const struct match_where *w, const struct mail *m)
{
	struct match r = {.by = "token"};

	if (by_address(w, TOKEN_REPLY, w->set->reply_address, m, &r.id))
		return r;
	r.by = "in_reply_to";
	if (message_id_read(m->in_reply_to, w->domain, &r.id))
		return r;
	r.by = "references";
	for (int k = m->references.n; k-- > 0;)
		if (message_id_read(m->references.at[k], w->domain, &r.id) ||
		    conversation_id_read(m->references.at[k], w->domain, &r.id.message))
			return r;
	r.by = "quoted_id";
	if (in_text(w, m->text, &r.id))
		return r;
	return (struct match){.by = NULL};
}

struct match match_report(const struct match_where *w, const struct mail *m)
{
	struct match r = {.by = "verp"};

	if (by_address(w, TOKEN_BOUNCE, w->set->bounce_address, m, &r.id))
		return r;
	if (w->set->bounce_address && strchr(w->set->bounce_address, '*') &&
	    mail_token_in_mailbox(w->secret, TOKEN_BOUNCE, w->set->bounce_address, m->original.return_path, &r.id))
		return r;
	r.by = "message_id";
	if (message_id_read(m->original.message_id, w->domain, &r.id) ||
	    message_id_read(m->in_reply_to, w->domain, &r.id))
		return r;
	for (int k = m->references.n; k-- > 0;)
		if (message_id_read(m->references.at[k], w->domain, &r.id))
			return r;
	if (in_text(w, m->text, &r.id))
		return r;
	return (struct match){.by = NULL};
}

const char *match_words(const struct match *m)
{
	static const struct {
		const char *by, *words;
	} v[] = {{"in_reply_to", "In-Reply-To"},
		 {"references", "References"},
		 {"quoted_id", "the Message-ID that it quotes"}};

	for (size_t k = 0; m->by && k < sizeof v / sizeof *v; k++)
		if (strcmp(m->by, v[k].by) == 0)
			return v[k].words;
	return NULL;
}
