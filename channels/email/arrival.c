#include "email/arrival.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "email/match.h"
#include "email/parse.h"
#include "email/trust.h"

enum { FILES_MAX = 50, ARENA_MAX = 400 << 20, TEXT_MAX = 100000, WHOLE_MAX = 64 << 10, ALL_PURPOSES = 7 };

struct arrival {
	const struct arrival_to *where;
	struct arena *arena;
	struct mail m;
	struct str from, *to;
	size_t to_n;
	struct attachment files[FILES_MAX + 1]; /* the original first */
	size_t files_n, wanted;			/* kept so far; to be kept */
	int pending;				/* answers of the host that are due */
	enum intake_answer answer;
	char why[200];
	arrival_done *done;
	void *arg;
};

static void finish(struct arrival *a)
{
	a->done(a->arg, a->answer, a->why);
	arena_free(&a->arena);
}

/* Of several answers the worst counts: the mail comes again, and what was taken is known then. */
static void note(struct arrival *a, enum intake_answer answer, const char *why)
{
	if (answer == INTAKE_DUPLICATE)
		answer = INTAKE_ACCEPTED;
	if (answer == INTAKE_ACCEPTED || (a->answer == INTAKE_BUSY && answer != INTAKE_BUSY))
		return;
	a->answer = answer;
	snprintf(a->why, sizeof a->why, "%s", why ? why : "not now");
}

static void on_host(void *arg, const struct intake_result *r)
{
	struct arrival *a = arg;

	note(a, r->answer, r->why);
	if (--a->pending == 0)
		finish(a);
}

/* ---- a message ---- */

static void metadata(struct arrival *a, const struct match *match, struct buf *b)
{
	const struct mail *m = &a->m;
	struct json_out j;

	json_begin(&j, b);
	json_obj(&j, NULL);
	json_obj(&j, "email");
	json_cstr(&j, "class", mail_class_word(m->class));
	json_cstr(&j, "sender", mail_trust_word(mail_trust(m, a->where->set->auth_server)));
	if (m->message_id.n)
		json_str(&j, "message_id", m->message_id);
	json_cstr(&j, "matched_by", match->by);
	if (m->from.n && m->from.at[0].address.n)
		json_str(&j, "from", m->from.at[0].address);
	if (a->from.n)
		json_str(&j, "envelope_from", a->from);
	json_arr(&j, "to");
	for (size_t k = 0; k < a->to_n && k < 20; k++)
		json_str(&j, NULL, a->to[k]);
	json_end(&j);
	if (a->files_n)
		json_cstr(&j, "original", a->files[0].sha256);
	if (m->text.n != m->visible.n && m->text.n <= WHOLE_MAX)
		json_str(&j, "whole_text", m->text);
	if (m->defects)
		json_int(&j, "defects", (int64_t)m->defects);
	json_end(&j);
	json_end(&j);
}

/* The From, the envelope's sender, or nobody that can be answered. */
static void sender(const struct arrival *a, struct address *out)
{
	const struct mail *m = &a->m;
	struct str const tries[] = {m->from.n ? m->from.at[0].address : (struct str){0},
				    m->sender.n ? m->sender.at[0].address : (struct str){0}, a->from,
				    STR("unknown@sender.invalid")};

	for (size_t k = 0; k < sizeof tries / sizeof *tries; k++)
		if (tries[k].n && address_parse(CHANNEL_EMAIL, tries[k], NULL, out, NULL) == 0)
			return;
}

static void give_message(struct arrival *a)
{
	const struct mail *m = &a->m;
	struct match_where w = {a->where->set, a->where->domain, a->where->host->secret, a->to, a->to_n};
	struct match match = match_reply(&w, m);
	char token[UUID_TEXT];
	struct buf meta;
	struct inbound in = {.channel = CHANNEL_EMAIL,
			     .account = str_of(a->where->host->name),
			     .external_id = m->message_id.n && m->message_id.n <= 200 ? m->message_id
										      : str_of(a->files[0].sha256),
			     .subject = str_utf8_head(m->subject, 998),
			     .text = str_utf8_head(m->visible.n ? m->visible : m->text, TEXT_MAX),
			     .attachments = a->files,
			     .attachments_n = a->files_n,
			     .display_name = m->from.n ? str_utf8_head(m->from.at[0].name, 200) : (struct str){0}};

	buf_init(&meta, 256 << 10);
	metadata(a, &match, &meta);
	in.metadata = meta.failed ? STR("{}") : buf_str(&meta);
	in.automatic = m->class != MAIL_MESSAGE;
	in.doubtful = mail_trust(m, a->where->set->auth_server) == MAIL_UNVERIFIED;
	in.reply_by = match_words(&match);
	if (match.by)
		in.reply_token = str_of(uuid_format(&match.id.message, token));
	sender(a, &in.from);
	if (a->to_n)
		address_parse(CHANNEL_EMAIL, a->to[0], NULL, &in.to, NULL);
	a->pending = 1;
	a->where->host->received(a->where->host->self, &in, on_host, a);
	buf_free(&meta);
}

/* ---- a report ---- */

static const char *raw_state(const struct mail *m, const struct mail_recipient *r)
{
	if (m->class == MAIL_COMPLAINT)
		return "complaint";
	if (r->delayed || m->class == MAIL_DELAY)
		return "delayed";
	return r->bounce == MAIL_BOUNCE_HARD   ? "hard_bounce"
	       : r->bounce == MAIL_BOUNCE_SOFT ? "soft_bounce"
					       : "relayed";
}

static void give_receipt(struct arrival *a, const struct mail_recipient *r, const struct delivery_id *id)
{
	char external[MESSAGE_ID_MAX], code[80];
	bool bounced = r->bounce != MAIL_BOUNCE_NONE && a->m.class == MAIL_BOUNCE && !r->delayed;
	struct receipt rc = {.account = str_of(a->where->host->name),
			     .external_id = str_n(external, message_id_write(id, a->where->domain, external)),
			     .status = bounced ? STATUS_UNDELIVERED : STATUS_SENT,
			     .raw_state = str_of(raw_state(&a->m, r))};

	snprintf(code, sizeof code, "%s %s", r->status, r->reason);
	rc.error_code = str_trim(str_of(code));
	address_parse(CHANNEL_EMAIL, r->address, NULL, &rc.from, NULL);
	a->where->host->receipt(a->where->host->self, &rc, on_host, a);
}

/* No more mail to this address, whatever it is about. */
static void give_stop(struct arrival *a, const struct mail_recipient *r, const char *source)
{
	struct inbound in = {.channel = CHANNEL_EMAIL, .account = str_of(a->where->host->name)};
	struct json_out j;
	struct buf b;

	if (address_parse(CHANNEL_EMAIL, r->address, NULL, &in.from, NULL)) {
		on_host(a, &(struct intake_result){.answer = INTAKE_ACCEPTED});
		return;
	}
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "status", r->status);
	json_cstr(&j, "reason", r->reason);
	json_str(&j, "diagnostic", str_utf8_head(r->diagnostic, 500));
	if (a->files_n)
		json_cstr(&j, "original", a->files[0].sha256);
	json_end(&j);
	in.metadata = b.failed ? STR("{}") : buf_str(&b);
	in.consent.purposes = ALL_PURPOSES;
	in.consent.state = CONSENT_OUT;
	in.consent.source = source;
	a->where->host->received(a->where->host->self, &in, on_host, a);
	buf_free(&b);
}

static bool stops(const struct mail *m, const struct mail_recipient *r)
{
	return m->class == MAIL_COMPLAINT || (m->class == MAIL_BOUNCE && r->bounce == MAIL_BOUNCE_HARD && !r->delayed);
}

/* false: it is about nothing of ours. */
static bool give_report(struct arrival *a)
{
	const struct mail *m = &a->m;
	struct match_where w = {a->where->set, a->where->domain, a->where->host->secret, a->to, a->to_n};
	struct match match = match_report(&w, m);
	int n = m->n_recipients;

	if (!match.by || n == 0)
		return false;
	a->pending = 1; /* ours, until all are given */
	for (int k = 0; k < n; k++) {
		const struct mail_recipient *r = &m->recipients[k];
		a->pending++;
		give_receipt(a, r, &match.id);
		if (stops(m, r)) {
			a->pending++;
			give_stop(a, r, m->class == MAIL_COMPLAINT ? "complaint" : "hard_bounce");
		}
	}
	a->where->host->count(a->where->host->self, "email_reports_total", mail_class_word(m->class), 1);
	on_host(a, &(struct intake_result){.answer = INTAKE_ACCEPTED});
	return true;
}

/* ---- the files ---- */

static void give(struct arrival *a)
{
	bool report = a->m.class == MAIL_BOUNCE || a->m.class == MAIL_DELAY || a->m.class == MAIL_COMPLAINT;

	if (!report || !give_report(a))
		give_message(a);
}

static void keep_next(struct arrival *a);

static void on_kept(void *arg, const struct attachment *stored, const char *error)
{
	struct arrival *a = arg;
	struct attachment *f = &a->files[a->files_n];

	if (error) {
		note(a, INTAKE_BUSY, error);
		finish(a);
		return;
	}
	*f = *stored;
	f->name = arena_str(a->arena, stored->name);
	f->type = arena_str(a->arena, stored->type);
	a->files_n++;
	keep_next(a);
}

static void keep_next(struct arrival *a)
{
	const struct channel_host *h = a->where->host;

	if (a->files_n == a->wanted) {
		give(a);
		return;
	}
	if (a->files_n == 0) {
		h->blob_put(h->self, a->m.raw, STR("original.eml"), STR("message/rfc822"), on_kept, a);
	} else {
		const struct mail_attachment *f = &a->m.attachments[a->files_n - 1];
		h->blob_put(h->self, f->content, f->name.n ? str_utf8_head(f->name, 200) : STR("attachment"),
			    f->type.n ? f->type : STR("application/octet-stream"), on_kept, a);
	}
}

/* ---- the beginning ---- */

static int copy_envelope(struct arrival *a, struct str from, const struct str *to, size_t n)
{
	a->from = arena_str(a->arena, from);
	a->to = arena_alloc(a->arena, (n ? n : 1) * sizeof *a->to);
	if (!a->from.p || !a->to)
		return -1;
	for (a->to_n = 0; a->to_n < n; a->to_n++) {
		a->to[a->to_n] = arena_str(a->arena, to[a->to_n]);
		if (!a->to[a->to_n].p)
			return -1;
	}
	return 0;
}

int arrival_start(const struct arrival_to *where, struct str from, const struct str *to, size_t n, struct str raw,
		  arrival_done *done, void *arg)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct arrival *a = arena ? arena_alloc(arena, sizeof *a) : NULL;
	struct str copy = a ? arena_str(arena, raw) : (struct str){0};

	if (!copy.p) {
		arena_free(&arena);
		return -1;
	}
	*a = (struct arrival){.where = where, .arena = arena, .answer = INTAKE_ACCEPTED, .done = done, .arg = arg};
	if (copy_envelope(a, from, to, n) || mail_parse(copy, NULL, arena, &a->m, NULL)) {
		arena_free(&arena);
		return -1;
	}
	a->wanted = 1 + (a->m.n_attachments < FILES_MAX ? (size_t)a->m.n_attachments : FILES_MAX);
	keep_next(a);
	return 0;
}
