#include "email/explain.h"

#include "email/parse.h"

static void text_or_null(struct json_out *j, const char *key, struct str s)
{
	if (s.n)
		json_str(j, key, s);
	else
		json_cstr(j, key, NULL);
}

static void people(struct json_out *j, const char *key, const struct mail_addresses *l)
{
	json_arr(j, key);
	for (int i = 0; i < l->n; i++) {
		json_obj(j, NULL);
		text_or_null(j, "name", l->at[i].name);
		text_or_null(j, "address", l->at[i].address);
		json_end(j);
	}
	json_end(j);
}

static void strings(struct json_out *j, const char *key, const struct mail_strings *l)
{
	json_arr(j, key);
	for (int i = 0; i < l->n; i++)
		json_str(j, NULL, l->at[i]);
	json_end(j);
}

static void attachments(struct json_out *j, const struct mail *m)
{
	json_arr(j, "attachments");
	for (int i = 0; i < m->n_attachments; i++) {
		const struct mail_attachment *f = &m->attachments[i];
		json_obj(j, NULL);
		text_or_null(j, "name", f->name);
		json_str(j, "type", f->type);
		json_int(j, "size", (int64_t)f->content.n);
		json_cstr(j, "sha256", f->sha256);
		text_or_null(j, "content_id", f->content_id);
		json_bool(j, "inline", f->inline_);
		json_end(j);
	}
	json_end(j);
}

static void recipients(struct json_out *j, const struct mail *m)
{
	json_arr(j, "recipients");
	for (int i = 0; i < m->n_recipients; i++) {
		const struct mail_recipient *r = &m->recipients[i];
		json_obj(j, NULL);
		text_or_null(j, "address", r->address);
		text_or_null(j, "status", str_of(r->status));
		json_cstr(j, "bounce", mail_bounce_word(r->bounce));
		json_cstr(j, "reason", r->reason);
		if (r->reply)
			json_int(j, "reply", r->reply);
		else
			json_cstr(j, "reply", NULL);
		text_or_null(j, "diagnostic", r->diagnostic);
		json_end(j);
	}
	json_end(j);
}

static void original(struct json_out *j, const struct mail_original *o)
{
	json_obj(j, "original");
	text_or_null(j, "message_id", o->message_id);
	text_or_null(j, "return_path", o->return_path);
	text_or_null(j, "envelope_id", o->envelope_id);
	text_or_null(j, "to", o->to);
	text_or_null(j, "subject", o->subject);
	text_or_null(j, "feedback_type", o->feedback_type);
	json_end(j);
}

static void defects(struct json_out *j, unsigned bits)
{
	static const char *const words[] = {"cut", "parts", "long", "charset", "mime", "encoding"};

	json_arr(j, "defects");
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (bits & 1u << i)
			json_cstr(j, NULL, words[i]);
	json_end(j);
}

static void shown(struct json_out *j, const struct mail *m)
{
	json_cstr(j, "class", mail_class_word(m->class));
	people(j, "from", &m->from);
	people(j, "to", &m->to);
	people(j, "cc", &m->cc);
	people(j, "reply_to", &m->reply_to);
	text_or_null(j, "subject", m->subject);
	json_time(j, "date", m->date);
	text_or_null(j, "message_id", m->message_id);
	text_or_null(j, "in_reply_to", m->in_reply_to);
	strings(j, "references", &m->references);
	json_bool(j, "bulk", m->bulk);
	json_str(j, "text", m->text);
	json_str(j, "visible", m->visible);
	attachments(j, m);
	recipients(j, m);
	if (m->class == MAIL_BOUNCE || m->class == MAIL_DELAY || m->class == MAIL_COMPLAINT)
		original(j, &m->original);
	defects(j, m->defects);
}

int email_explain(struct str file, struct str raw, struct json_out *j)
{
	struct arena *a = arena_new(raw.n * 12 + (64 << 20));
	struct mail m;
	struct err e = {0};
	int r = a ? mail_parse(raw, NULL, a, &m, &e) : err_nomem(&e);

	json_obj(j, NULL);
	json_str(j, "file", file);
	if (r == 0)
		shown(j, &m);
	json_cstr(j, "error", r ? e.code : NULL);
	json_end(j);
	arena_free(&a);
	return r;
}
