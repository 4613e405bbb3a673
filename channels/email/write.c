/* From a delivery to a mail: addresses, options, tokens, links, signatures. */
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/html.h"
#include "base/json.h"
#include "email/account.h"
#include "email/address.h"

enum { OPTIONS_DEPTH = 4, REFERENCES_MAX = 8000, HTML_ROOM = 16 << 20, TEXT_ROOM = 1 << 20 };

struct options {
	json_t *tree;
	struct str html, in_reply_to, references, auto_submitted;
};

static struct str member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR("");
}

static int read_options(struct str text, struct options *o, struct err *err)
{
	*o = (struct options){.tree = NULL};
	if (text.n <= 2)
		return 0;
	if (json_read(text, OPTIONS_DEPTH, &o->tree, err))
		return -1;
	o->html = member(o->tree, "html");
	o->in_reply_to = member(o->tree, "in_reply_to");
	o->references = member(o->tree, "references");
	o->auto_submitted = member(o->tree, "auto_submitted");
	return 0;
}

/* ---- who ---- */

struct sender {
	char name[256], mailbox[ADDRESS_MAX + 1];
};

/* A message may name its own sender, of our domains only: anybody else's would be a forgery, and not signed for. */
static int sender_of(const struct letter *l, struct sender *s, struct err *err)
{
	const struct account *a = l->a;
	struct str given = str_trim(l->from);
	const char *domain;

	memcpy(s->name, a->from_name, sizeof s->name);
	memcpy(s->mailbox, a->from, sizeof s->mailbox);
	if (!given.n)
		return 0;
	if (!memchr(given.p, '@', given.n)) { /* a name alone */
		snprintf(s->name, sizeof s->name, "%.*s", (int)given.n, given.p);
		return 0;
	}
	if (email_sender_parse(given, s->name, s->mailbox, err))
		return -1;
	domain = strrchr(s->mailbox, '@') + 1;
	if (!email_domain_is_ours(a->domain, a->set->domains, domain))
		return err_set(err, ERR_SEMANTIC, "from_not_allowed", "from", "%.100s is not a domain of this account",
			       domain);
	return 0;
}

static int envelope(const struct letter *l, const struct sender *s, struct smtp_job *job, struct err *err)
{
	const struct account *a = l->a;
	struct buf b = {.p = job->from, .cap = sizeof job->from, .max = sizeof job->from - 1};

	if (a->set->bounce_address)
		mail_token_address(a->host->secret, TOKEN_BOUNCE, a->set->bounce_address, &l->id, &b);
	else
		buf_adds(&b, s->mailbox);
	if (b.failed)
		return err_set(err, ERR_SEMANTIC, "mailbox_invalid", "bounce_address", "the address is too long");
	job->from[b.n] = 0;
	return email_to_ascii(l->to.value, job->to, sizeof job->to, err);
}

/* ---- what ---- */

static struct str references_of(const struct letter *l, const struct options *o, char *room, size_t max)
{
	struct buf b = {.p = room, .cap = max, .max = max - 1};
	char root[MESSAGE_ID_MAX];

	if (!uuid_is_nil(&l->conversation)) {
		conversation_id_write(&l->conversation, l->a->domain, root);
		buf_addf(&b, "<%s>", root);
	}
	for (int k = 0; k < 2; k++) {
		struct str ids = str_trim(k ? o->in_reply_to : o->references);
		if (!ids.n || b.n + ids.n + 1 >= max ||
		    (k && o->references.n && memmem(o->references.p, o->references.n, ids.p, ids.n)))
			continue;
		if (b.n)
			buf_addc(&b, ' ');
		buf_addstr(&b, ids);
	}
	return buf_str(&b);
}

/* A message for many, or one that nobody wrote just now, says so: RFC 3834 section 5. */
static struct str auto_submitted_of(const struct letter *l, const struct options *o)
{
	if (str_is(o->auto_submitted, "no"))
		return STR("");
	if (o->auto_submitted.n)
		return o->auto_submitted;
	return l->purpose == PURPOSE_SERVICE ? STR("") : STR("auto-generated");
}

static struct str feedback_of(const struct letter *l, char *room, size_t max)
{
	const char *sender = l->a->set->feedback_id;
	char day[12];
	int n;

	if (!sender || !sender[0])
		return STR("");
	snprintf(day, sizeof day, "%lld", (long long)(clock_now() / US_DAY));
	n = snprintf(room, max, "%s:%s:%s:%s", day, l->a->host->name, purpose_word(l->purpose), sender);
	return str_n(room, n < (int)max ? (size_t)n : max - 1);
}

static int sign(const struct letter *l, struct smtp_job *job, const struct composed *c, int64_t now, struct err *err)
{
	const char *p = job->mail.p;

	if (!l->a->dkim)
		return 0;
	return dkim_sign(l->a->dkim, str_n(p, c->header), str_n(p + c->header + 2, job->mail.n - c->header - 2), now,
			 &job->head, err);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static int too_large(const struct letter *l, const struct smtp_job *job, struct err *err)
{
	if (job->head.n + job->mail.n <= (size_t)l->a->set->max_size)
		return 0;
	return err_set(err, ERR_SEMANTIC, "too_large", NULL, "the mail is larger than the account allows");
}

static int write(struct letter *l, const struct options *o, struct smtp_job *job, struct err *err)
{
	char reply[400], url[1200], references[REFERENCES_MAX], feedback[300], to[400];
	struct buf reply_b = {.p = reply, .cap = sizeof reply, .max = sizeof reply - 1};
	struct buf url_b = {.p = url, .cap = sizeof url, .max = sizeof url - 1};
	struct outgoing_file files[LETTER_FILES];
	struct account *a = l->a;
	struct composed c;
	struct sender s;
	struct outgoing m;

	if (sender_of(l, &s, err) || envelope(l, &s, job, err) || email_to_ascii(l->to.value, to, sizeof to, err))
		return -1;
	if (a->set->reply_address)
		mail_token_address(a->host->secret, TOKEN_REPLY, a->set->reply_address, &l->id, &reply_b);
	if (l->purpose == PURPOSE_MARKETING)
		unsubscribe_url(a, l, &url_b);
	for (size_t k = 0; k < l->files_n; k++)
		files[k] = (struct outgoing_file){l->files[k].name, l->files[k].type, buf_str(&l->bytes[k])};
	m = (struct outgoing){.from_name = str_of(s.name),
			      .from = str_of(s.mailbox),
			      .to = str_of(to),
			      .reply_to = buf_str(&reply_b),
			      .subject = l->subject,
			      .text = l->text,
			      .html = o->html,
			      .message_id = str_of(l->message_id),
			      .in_reply_to = str_trim(o->in_reply_to),
			      .references = references_of(l, o, references, sizeof references),
			      .auto_submitted = auto_submitted_of(l, o),
			      .unsubscribe = buf_str(&url_b),
			      .feedback_id = feedback_of(l, feedback, sizeof feedback),
			      .at = uuid_time(&l->id.message),
			      .files = files,
			      .files_n = l->files_n};
	if (compose(&m, &job->mail, &c, err))
		return -1;
	job->utf8 = c.utf8 || !is_ascii(job->from) || !is_ascii(job->to);
	return sign(l, job, &c, clock_now(), err) || too_large(l, job, err) ? -1 : 0;
}

/* Who gives HTML alone still gets a mail that any program can show. */
static int text_from_html(struct letter *l, const struct options *o, struct arena **mem, struct err *err)
{
	*mem = NULL;
	if (str_trim(l->text).n || !o->html.n)
		return 0;
	*mem = arena_new(HTML_ROOM);
	if (*mem)
		l->text = html_text(o->html, TEXT_ROOM, *mem);
	return *mem && l->text.p ? 0 : err_nomem(err);
}

int letter_write(struct letter *l, struct smtp_job *job, struct err *err)
{
	struct str text = l->text;
	struct arena *mem;
	struct options o;
	int r;

	if (read_options(l->options, &o, err))
		return -1;
	r = text_from_html(l, &o, &mem, err) || write(l, &o, job, err) ? -1 : 0;
	l->text = text; /* it may be tried again */
	arena_free(&mem);
	json_decref(o.tree);
	return r;
}
