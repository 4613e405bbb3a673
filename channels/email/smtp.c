#include "email/smtp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "email/multi.h"

enum { MAIL_MAX = 160 << 20 };

struct slot {
	struct smtp_job job; /* first: a job is its slot */
	struct smtp *s;
	struct slot *next; /* free ones */
	struct transfer t;
	struct smart_host *host, *url_host;
	struct curl_slist *to;
	size_t at;
	bool probe, busy, greeted, offered_tls, tls, authed, answered;
	int ehlos;
	struct smtp_reply reply;
	char error[CURL_ERROR_SIZE];
};

struct smtp {
	const struct email_settings *set;
	struct loop *loop;
	struct smtp_calls calls;
	struct smart_hosts hosts;
	struct multi *multi;
	struct slot **slots, *spare;
	size_t slots_n, slots_max, active;
	struct timer wake;
	bool started, stopping;
	char hello[HOST_NAME];
};

/* ---- what libcurl asks and tells ---- */

static size_t piece(struct str s, size_t from, char *p, size_t n)
{
	size_t k = s.n - from < n ? s.n - from : n;

	memcpy(p, s.p + from, k);
	return k;
}

static size_t on_read(char *p, size_t size, size_t count, void *arg)
{
	struct slot *t = arg;
	size_t head = t->job.head.n, n = size * count, k = 0;

	if (t->at < head)
		k = piece(buf_str(&t->job.head), t->at, p, n);
	if (t->at + k >= head && k < n && t->job.mail.n)
		k += piece(buf_str(&t->job.mail), t->at + k - head, p + k, n - k);
	t->at += k;
	return k;
}

/* Has the conversation come to the mail itself? On a connection used before it begins there. */
static bool is_about_mail(const struct slot *t)
{
	const struct email_settings *set = t->s->set;
	bool tls_due = set->tls == EMAIL_TLS_REQUIRED || (set->tls == EMAIL_TLS_STARTTLS && t->offered_tls);

	if (!t->t.opened)
		return true;
	return t->ehlos > 0 && (!tls_due || (t->tls && t->ehlos > 1)) && (!set->user || t->authed);
}

static void note_reply(struct slot *t, struct str line)
{
	int code = t->reply.code;

	if (line.n > 11 && str_ieq(str_n(line.p + 4, 8), STR("STARTTLS")))
		t->offered_tls = true;
	if (t->reply.more)
		return;
	if (code >= 400 && is_about_mail(t))
		transfer_hush(&t->t); /* see the head of smtp.h */
	else if (code == 220 && !t->answered)
		t->greeted = true;
	else if (code == 220)
		t->tls = true;
	else if (code == 235)
		t->authed = true;
	else if (code == 250 && t->greeted)
		t->ehlos++;
	t->answered = true;
}

static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	struct slot *t = arg;

	smtp_reply_line(&t->reply, str_n(p, size * count));
	note_reply(t, str_n(p, size * count));
	return size * count;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	(void)p, (void)arg;
	return size * count;
}

/* ---- slots ---- */

static bool set_tls(CURL *c, const struct email_settings *set)
{
	static const long modes[] = {[EMAIL_TLS_NONE] = CURLUSESSL_NONE,
				     [EMAIL_TLS_STARTTLS] = CURLUSESSL_TRY,
				     [EMAIL_TLS_REQUIRED] = CURLUSESSL_ALL,
				     [EMAIL_TLS_TLS] = CURLUSESSL_ALL};
	CURLcode r = curl_easy_setopt(c, CURLOPT_USE_SSL, modes[set->tls]);

	r |= curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	r |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, set->tls_verify ? 1L : 0L);
	r |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, set->tls_verify ? 2L : 0L);
	if (set->tls_ca) {
		r |= curl_easy_setopt(c, CURLOPT_CAINFO, set->tls_ca);
		r |= curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	return r == CURLE_OK;
}

static bool set_common(struct slot *t, const struct email_settings *set)
{
	CURL *c = t->t.easy;
	CURLcode r = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");

	r |= curl_easy_setopt(c, CURLOPT_PROXY, "");
	r |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	r |= curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	r |= curl_easy_setopt(c, CURLOPT_READDATA, t);
	r |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_line);
	r |= curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	r |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	r |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(set->connect_timeout / US_MS));
	r |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(set->response_timeout / US_MS));
	r |= curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(set->response_timeout / US_SEC + 1));
	if (set->user) {
		r |= curl_easy_setopt(c, CURLOPT_USERNAME, set->user);
		r |= curl_easy_setopt(c, CURLOPT_PASSWORD, set->password ? set->password : "");
	}
	return r == CURLE_OK && set_tls(c, set);
}

static void slot_free(struct slot *t)
{
	transfer_free(&t->t);
	curl_slist_free_all(t->to);
	buf_free(&t->job.head);
	buf_free(&t->job.mail);
	free(t);
}

static void on_end(struct transfer *x, CURLcode code);

static struct slot *slot_new(struct smtp *s)
{
	struct slot *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->s = s;
	buf_init(&t->job.head, 64 << 10);
	buf_init(&t->job.mail, MAIL_MAX);
	if (transfer_init(&t->t, s->multi, on_end) || !set_common(t, s->set)) {
		slot_free(t);
		return NULL;
	}
	s->slots[s->slots_n++] = t;
	return t;
}

static struct slot *slot_get(struct smtp *s)
{
	struct slot *t = s->spare;

	if (t)
		s->spare = t->next;
	else if (s->slots_n < s->slots_max)
		t = slot_new(s);
	if (!t)
		return NULL;
	buf_reset(&t->job.head);
	buf_reset(&t->job.mail);
	t->job.fresh = false;
	t->job.arg = NULL;
	t->probe = false;
	return t;
}

static void slot_put(struct slot *t)
{
	smart_host_left(t->host);
	t->host = NULL;
	t->busy = false;
	t->next = t->s->spare;
	t->s->spare = t;
}

/* ---- one mail ---- */

static bool aim(struct slot *t)
{
	char url[2 * HOST_NAME + 32];

	if (t->url_host == t->host)
		return true;
	snprintf(url, sizeof url, "%s://%s:%u/%s", t->s->set->tls == EMAIL_TLS_TLS ? "smtps" : "smtp", t->host->name,
		 t->host->port, t->s->hello);
	if (curl_easy_setopt(t->t.easy, CURLOPT_URL, url) != CURLE_OK)
		return false;
	t->url_host = t->host;
	return true;
}

static bool load_mail(struct slot *t)
{
	CURL *c = t->t.easy;
	CURLcode r;

	curl_slist_free_all(t->to);
	t->to = curl_slist_append(NULL, t->job.to);
	if (!t->to)
		return false;
	r = curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	r |= curl_easy_setopt(c, CURLOPT_MAIL_FROM, t->job.from);
	r |= curl_easy_setopt(c, CURLOPT_MAIL_RCPT, t->to);
	r |= curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)(t->job.head.n + t->job.mail.n));
	return r == CURLE_OK;
}

/* NOOP, after all that comes before a mail: connection, TLS, AUTH. */
static bool load_probe(struct slot *t)
{
	CURL *c = t->t.easy;
	CURLcode r = curl_easy_setopt(c, CURLOPT_UPLOAD, 0L);

	r |= curl_easy_setopt(c, CURLOPT_MAIL_RCPT, NULL);
	r |= curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	r |= curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "NOOP");
	return r == CURLE_OK;
}

static int launch(struct slot *t)
{
	t->at = 0;
	t->greeted = t->offered_tls = t->tls = t->authed = t->answered = false;
	t->ehlos = 0;
	t->reply = (struct smtp_reply){.code = 0};
	t->error[0] = 0;
	if (!aim(t) || !(t->probe ? load_probe(t) : load_mail(t)) ||
	    curl_easy_setopt(t->t.easy, CURLOPT_FRESH_CONNECT, t->job.fresh ? 1L : 0L) != CURLE_OK ||
	    transfer_start(&t->t)) {
		slot_put(t);
		return -1;
	}
	t->busy = true;
	t->s->active++;
	return 0;
}

struct smtp_job *smtp_job(struct smtp *s)
{
	int64_t now = loop_now(s->loop), wake;
	struct smart_host *h = s->stopping ? NULL : smart_hosts_pick(&s->hosts, now, &wake);
	struct slot *t = h ? slot_get(s) : NULL;

	if (!t)
		return NULL;
	t->host = h;
	smart_host_taken(&s->hosts, h, now);
	return &t->job;
}

void smtp_job_drop(struct smtp *s, struct smtp_job *job)
{
	(void)s;
	slot_put((struct slot *)(void *)job);
}

int smtp_send(struct smtp *s, struct smtp_job *job)
{
	(void)s;
	return launch((struct slot *)(void *)job);
}

/* ---- what came of it ---- */

/* Codes that speak of us and the host, not of the mail: closing (RFC 5321), and what AUTH wants (RFC 4954). */
static bool is_about_us(int code) { return code == 421 || code == 530 || code == 534 || code == 535 || code == 538; }

static bool by_itself(CURLcode code)
{
	return code == CURLE_LOGIN_DENIED || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ||
	       code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CACERT_BADFILE;
}

/* A connection used before that was closed meanwhile: no fault of anybody's. */
static bool is_stale(const struct slot *t, CURLcode code)
{
	return !t->t.opened && !t->answered &&
	       (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING);
}

static enum smtp_result judge(const struct slot *t, CURLcode code)
{
	bool whole = t->at > 0 && t->at == t->job.head.n + t->job.mail.n;
	bool refused = t->reply.code >= 400 && !t->reply.more;

	if (code == CURLE_OK)
		return SMTP_SENT;
	if (t->at == 0 && (t->answered ? !is_about_mail(t) : !is_stale(t, code)))
		return SMTP_HOST;
	if (refused && is_about_us(t->reply.code))
		return SMTP_HOST;
	if (refused)
		return t->reply.code < 500 ? SMTP_TEMPORARY : SMTP_PERMANENT;
	return whole ? SMTP_UNCERTAIN : SMTP_LOST;
}

static void describe(const struct slot *t, CURLcode code, char *out, size_t n)
{
	const char *why = t->error[0] ? t->error : curl_easy_strerror(code);

	if (t->reply.code >= 400)
		snprintf(out, n, "%s:%u: %d %s%s%s", t->host->name, t->host->port, t->reply.code, t->reply.enhanced,
			 t->reply.enhanced[0] ? " " : "", t->reply.text);
	else
		snprintf(out, n, "%s:%u: %s", t->host->name, t->host->port, why);
}

static void look(struct smtp *s);

static void on_end(struct transfer *x, CURLcode code)
{
	struct slot *t = (struct slot *)(void *)((char *)x - offsetof(struct slot, t));
	struct smtp *s = t->s;
	struct smtp_answer a = {.reply = t->reply, .host = t->host->name};
	char reason[2 * HOST_NAME + REPLY_TEXT];

	a.result = judge(t, code);
	a.reused = is_stale(t, code);
	a.recipient = strncmp(t->error, "RCPT", 4) == 0;
	describe(t, code, reason, sizeof reason);
	a.reason = reason;
	s->active--;
	if (a.result == SMTP_HOST || (t->probe && code != CURLE_OK && !a.reused))
		smart_host_failed(&s->hosts, t->host, loop_now(s->loop), by_itself(code) || t->reply.code >= 500,
				  reason);
	else if (t->answered)
		smart_host_worked(t->host);
	if (!t->probe)
		s->calls.done(s->calls.arg, &t->job, &a);
	slot_put(t);
	look(s);
}

/* ---- which hosts work ---- */

static void on_wake(struct timer *w);

static void ask_one(struct smtp *s)
{
	struct smtp_job *j = smtp_job(s);

	if (!j)
		return;
	((struct slot *)(void *)j)->probe = true;
	if (smtp_send(s, j))
		loop_timer(s->loop, &s->wake, loop_now(s->loop) + s->set->retry_min, on_wake);
}

static void on_wake(struct timer *w)
{
	struct smtp *s = (struct smtp *)(void *)((char *)w - offsetof(struct smtp, wake));

	s->calls.changed(s->calls.arg); /* mails that wait are better than a question */
	look(s);
}

/* After whatever may have changed: with nothing known to work and nothing under way, one host is asked; and what only
 * time brings is waited for. */
static void look(struct smtp *s)
{
	int64_t now = loop_now(s->loop), wake = 0;

	if (s->stopping || !s->started)
		return;
	if (smart_hosts_up(&s->hosts) == 0 && s->active == 0)
		ask_one(s);
	if (!smart_hosts_pick(&s->hosts, now, &wake) && wake)
		loop_timer(s->loop, &s->wake, wake, on_wake);
	s->calls.changed(s->calls.arg);
}

void smtp_start(struct smtp *s)
{
	s->started = true;
	look(s);
}

/* ---- beginning and end ---- */

int smtp_new(const struct email_settings *set, const char *hello, struct loop *loop, const struct smtp_calls *calls,
	     struct smtp **out, struct err *err)
{
	struct host_rules rules = {set->connections, set->rate, set->retry_min, set->retry_max};
	struct smtp *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->set = set;
	s->loop = loop;
	s->calls = *calls;
	snprintf(s->hello, sizeof s->hello, "%s", hello);
	if (smart_hosts_init(&s->hosts, set->hosts, set->port, &rules, err)) {
		free(s);
		return -1;
	}
	s->slots_max = s->hosts.n * (size_t)set->connections;
	s->slots = calloc(s->slots_max, sizeof(struct slot *));
	s->multi = multi_new(loop, s->slots_max);
	if (!s->slots || !s->multi) {
		smtp_free(&s);
		return err_nomem(err);
	}
	*out = s;
	return 0;
}

void smtp_free(struct smtp **sp)
{
	struct smtp *s = *sp;

	if (!s)
		return;
	loop_timer_stop(s->loop, &s->wake);
	for (size_t i = 0; i < s->slots_n; i++)
		slot_free(s->slots[i]);
	multi_free(&s->multi);
	free(s->slots);
	free(s);
	*sp = NULL;
}

void smtp_abort(struct smtp *s)
{
	s->stopping = true;
	loop_timer_stop(s->loop, &s->wake);
	for (size_t i = 0; i < s->slots_n; i++)
		if (s->slots[i]->busy)
			transfer_abort(&s->slots[i]->t);
}

const struct smart_hosts *smtp_hosts(const struct smtp *s) { return &s->hosts; }
size_t smtp_active(const struct smtp *s) { return s->active; }
