#include "email/connection.h"

#include <stdio.h>

#include "base/clock.h"

#define OWNER(ptr, member) ((struct connection *)(void *)((char *)(ptr)-offsetof(struct connection, member)))
#define IDLE_FOR (60 * US_SEC)

enum { CHUNK = 64 << 10, OUT_MAX = 256 << 10, READ = 4096 };
enum { DUE_RSET, DUE_MAIL, DUE_RCPT, DUE_DATA, DUE_END, DUE_VOID };

bool connection_is_uncertain(const struct connection *c)
{
	return c->state == CONNECTION_BUSY && c->ended && c->out_at >= c->end_at && !c->refusal.code;
}

/* ---- the end of a connection, and of a mail ---- */

static void shut(struct connection *c)
{
	loop_timer_stop(c->loop, &c->timer);
	loop_unwatch(c->loop, &c->watch);
	transfer_stop(&c->t);
	c->state = CONNECTION_CLOSED;
	c->broken = false;
}

void connection_close(struct connection *c)
{
	size_t done;

	if (c->state == CONNECTION_IDLE)
		transfer_send(&c->t, "QUIT\r\n", 6, &done); /* if it goes out, good; nobody waits for the answer */
	shut(c);
}

/* It was to follow, and nothing was said about it. */
static void drop_next(struct connection *c, const char *why)
{
	if (c->next->taken)
		connection_answered(c, c->next, SMTP_LOST, NULL, why);
}

static void lost(struct connection *c, const char *why)
{
	enum connection_state was = c->state;
	enum smtp_result r = connection_is_uncertain(c) ? SMTP_UNCERTAIN : SMTP_LOST;
	struct smtp_reply refusal = c->refusal;

	shut(c);
	if (was == CONNECTION_IDLE) {
		connection_gone(c);
		return;
	}
	drop_next(c, why);
	if (refusal.code) /* what it had said before holds */
		connection_answered(c, c->now, refusal.code < 500 ? SMTP_TEMPORARY : SMTP_PERMANENT, &refusal, why);
	else
		connection_answered(c, c->now, r, &c->reply, why);
}

static void await(struct connection *c);

/* The mail in `now` begins: nothing of it was sent, nothing was said of it. */
static void begin(struct connection *c)
{
	c->state = CONNECTION_BUSY;
	c->refusal.code = c->reply.code = 0;
	c->recipient = false;
	c->mail_at = 0;
	c->line_begins = true;
	c->ended = false;
}

/* What was to follow is at its turn; its envelope is on its way, or goes now if the host had to be told something else. */
static void go_on(struct connection *c)
{
	struct slot *done = c->now;

	c->now = c->next;
	c->next = done;
	if (!c->next_said) {
		connection_mail(c);
		return;
	}
	begin(c);
	c->needs_reset = false;
	await(c);
}

static void answered(struct connection *c, enum smtp_result r, const struct smtp_reply *reply)
{
	struct smtp_reply copy = *reply;
	struct slot *done = c->now;

	c->used = true;
	c->needs_reset = r != SMTP_SENT;
	if (c->next->taken) {
		go_on(c);
	} else {
		c->state = CONNECTION_IDLE;
		await(c);
	}
	connection_answered(c, done, r, &copy, copy.text);
}

/* Codes that speak of us and the host, not of the mail: closing (RFC 5321), and what AUTH wants (RFC 4954). */
static bool is_about_us(int code) { return code == 421 || code == 530 || code == 534 || code == 535 || code == 538; }

static void refused(struct connection *c, const struct smtp_reply *r)
{
	struct smtp_reply copy = *r;

	if (is_about_us(r->code)) {
		shut(c);
		drop_next(c, copy.text);
		connection_answered(c, c->now, SMTP_HOST, &copy, copy.text);
	} else {
		answered(c, r->code < 500 ? SMTP_TEMPORARY : SMTP_PERMANENT, r);
	}
}

/* ---- out ---- */

static void add_due(struct connection *c, uint8_t what) { c->due[c->due_n++] = what; }

/* The next stretch of head and mail, each dot at the beginning of a line doubled (RFC 5321 section 4.5.2). */
static void add_stretch(struct connection *c)
{
	const struct smtp_job *job = &c->now->job;
	size_t head = job->head.n, n;
	struct str s = c->mail_at < head ? buf_str(&job->head) : buf_str(&job->mail);
	size_t at = c->mail_at < head ? c->mail_at : c->mail_at - head;

	n = s.n - at < CHUNK ? s.n - at : CHUNK;
	c->mail_at += n;
	for (size_t end = at + n; at < end;) {
		const char *nl = memchr(s.p + at, '\n', end - at);
		size_t next = nl ? (size_t)(nl - s.p) + 1 : end;
		if (c->line_begins && s.p[at] == '.')
			buf_addc(&c->out, '.');
		buf_add(&c->out, s.p + at, next - at);
		c->line_begins = nl != NULL;
		at = next;
	}
}

/* More of the mail, and the dot behind it; behind that what may follow. */
static void fill(struct connection *c)
{
	size_t size = c->now->job.head.n + c->now->job.mail.n;

	if (c->ended || !c->due_n || c->due[0] != DUE_END)
		return;
	if (c->out_at == c->out.n) {
		buf_reset(&c->out);
		c->out_at = 0;
	}
	while (c->out.n < CHUNK && c->mail_at < size)
		add_stretch(c);
	if (c->mail_at < size)
		return;
	buf_adds(&c->out, c->line_begins ? ".\r\n" : "\r\n.\r\n");
	c->end_at = c->out.n;
	c->ended = true;
	if (c->pipelining && !c->next->taken)
		connection_room(c);
}

static void on_ready(void *arg, uint32_t events);

static void listen_for(struct connection *c, uint32_t events)
{
	if (c->events == events)
		return;
	c->events = events;
	if (loop_rewatch(c->loop, c->watch, events))
		c->broken = true;
}

static void on_timer(struct timer *t);

/* Until when there must be news. What broke within a call is told from the loop. */
static void await(struct connection *c)
{
	int64_t now = loop_now(c->loop);

	loop_timer(c->loop, &c->timer,
		   c->broken			 ? now
		   : c->state == CONNECTION_IDLE ? now + IDLE_FOR
						 : now + c->set->response_timeout,
		   on_timer);
}

static void flush(struct connection *c)
{
	size_t done;

	for (;;) {
		fill(c);
		if (c->out.failed)
			c->broken = true;
		if (c->broken || c->out_at == c->out.n)
			break;
		switch (transfer_send(&c->t, c->out.p + c->out_at, c->out.n - c->out_at, &done)) {
		case TRANSFER_OK: c->out_at += done; continue;
		case TRANSFER_CLOSED: c->broken = true; continue;
		case TRANSFER_AGAIN: listen_for(c, EPOLLIN | EPOLLOUT); return;
		}
	}
	listen_for(c, EPOLLIN);
	if (c->broken)
		await(c);
}

static void say_rcpt(struct connection *c, const struct smtp_job *job)
{
	buf_addf(&c->out, "RCPT TO:<%s>\r\n", job->to);
	add_due(c, DUE_RCPT);
}

static void say_data(struct connection *c)
{
	buf_adds(&c->out, "DATA\r\n");
	add_due(c, DUE_DATA);
}

/* MAIL, and what need not wait for its answer. */
static void say_envelope(struct connection *c, const struct smtp_job *job)
{
	buf_addf(&c->out, "MAIL FROM:<%s>%s", job->from, job->utf8 ? " SMTPUTF8" : "");
	if (c->sizes)
		buf_addf(&c->out, " SIZE=%zu", job->head.n + job->mail.n);
	buf_adds(&c->out, "\r\n");
	add_due(c, DUE_MAIL);
	if (c->pipelining) {
		say_rcpt(c, job);
		say_data(c);
	}
}

/* What this host will not take need not be offered: what it would say. */
static bool unfit(const struct connection *c, const struct smtp_job *job, struct smtp_reply *r)
{
	size_t size = job->head.n + job->mail.n;

	if (job->utf8 && !c->utf8)
		*r = (struct smtp_reply){.code = 553, .enhanced = "5.6.7", .text = "the host does not take SMTPUTF8"};
	else if (c->size_max > 0 && (int64_t)size > c->size_max)
		*r = (struct smtp_reply){.code = 552, .enhanced = "5.3.4", .text = "larger than the host takes"};
	else
		return false;
	return true;
}

void connection_mail(struct connection *c)
{
	begin(c);
	buf_reset(&c->out);
	c->out_at = c->due_n = 0;
	if (unfit(c, &c->now->job, &c->refusal)) {
		c->broken = true;
		await(c);
		return;
	}
	if (c->needs_reset) {
		buf_adds(&c->out, "RSET\r\n");
		add_due(c, DUE_RSET);
		c->needs_reset = false;
	}
	say_envelope(c, &c->now->job);
	await(c);
	flush(c);
}

void connection_follow(struct connection *c)
{
	struct smtp_reply not_now;

	c->next_said = !unfit(c, &c->next->job, &not_now);
	if (c->next_said)
		say_envelope(c, &c->next->job);
}

/* ---- in ---- */

static void on_data_reply(struct connection *c, const struct smtp_reply *r)
{
	if (r->code != 354) {
		refused(c, c->refusal.code ? &c->refusal : r);
	} else if (c->refusal.code) { /* nobody to send it to, but the host wants something: nothing, then */
		buf_adds(&c->out, ".\r\n");
		add_due(c, DUE_VOID);
	} else {
		add_due(c, DUE_END);
	}
}

static void on_reply(struct connection *c)
{
	struct smtp_reply r = c->reply;
	uint8_t due;

	if (!c->due_n) { /* nobody asked: it says why it closes */
		c->broken = r.code == 421;
		return;
	}
	due = c->due[0];
	for (size_t i = 1; i < c->due_n; i++)
		c->due[i - 1] = c->due[i];
	c->due_n--;
	if (due == DUE_END) {
		if (r.code / 100 == 2)
			answered(c, SMTP_SENT, &r);
		else
			refused(c, &r);
	} else if (due == DUE_VOID) {
		refused(c, &c->refusal);
	} else if (due == DUE_DATA) {
		on_data_reply(c, &r);
	} else if (due == DUE_RSET) {
		return;
	} else if (r.code / 100 == 2) {
		if (!c->pipelining && due == DUE_MAIL)
			say_rcpt(c, &c->now->job);
		else if (!c->pipelining)
			say_data(c);
	} else {
		if (!c->refusal.code) {
			c->refusal = r;
			c->recipient = due == DUE_RCPT;
		}
		if (!c->due_n || is_about_us(r.code))
			refused(c, &c->refusal);
	}
}

/* Whole lines to replies. Stops when the connection has ended or its mail has. */
static void take(struct connection *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n && c->state != CONNECTION_CLOSED && !c->broken; i++) {
		if (c->line_n < sizeof c->line)
			c->line[c->line_n++] = p[i];
		if (p[i] != '\n')
			continue;
		smtp_reply_line(&c->reply, str_n(c->line, c->line_n));
		c->line_n = 0;
		if (!c->reply.more)
			on_reply(c);
	}
}

static void on_ready(void *arg, uint32_t events)
{
	struct connection *c = arg;
	enum transfer_result r = TRANSFER_OK;
	char room[READ];
	size_t n;

	(void)events;
	while (r == TRANSFER_OK && c->state != CONNECTION_CLOSED && !c->broken) {
		r = transfer_receive(&c->t, room, sizeof room, &n);
		if (r == TRANSFER_OK)
			take(c, room, n);
		if (r == TRANSFER_OK && n < sizeof room)
			break; /* the rest, if any, wakes us again; saves a call that finds nothing */
	}
	if (c->state == CONNECTION_CLOSED)
		return;
	if (r == TRANSFER_CLOSED || c->broken)
		lost(c, "the connection was closed");
	else if (c->state == CONNECTION_BUSY)
		flush(c);
}

static void on_timer(struct timer *t)
{
	struct connection *c = OWNER(t, timer);

	if (c->state == CONNECTION_IDLE && !c->broken) {
		connection_close(c);
		connection_gone(c);
	} else {
		lost(c, c->broken ? "the connection was closed" : "no answer in time");
	}
}

/* ---- the beginning ---- */

static void note_ability(struct connection *c, struct str line)
{
	struct str word;
	size_t n = 4;

	while (n < line.n && (unsigned char)line.p[n] > ' ')
		n++;
	word = str_n(line.p + 4, n - 4);
	if (str_ieq(word, STR("PIPELINING")))
		c->pipelining = true;
	else if (str_ieq(word, STR("SMTPUTF8")))
		c->utf8 = true;
	else if (str_ieq(word, STR("SIZE")))
		c->sizes = str_i64(str_trim(str_n(line.p + n, line.n - n)), &c->size_max) || true;
}

/* What the host says while libcurl speaks with it. What it said before STARTTLS does not count. */
static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	struct connection *c = arg;
	struct str line = str_n(p, size * count);

	smtp_reply_line(&c->reply, line);
	if (c->reply.code == 220) {
		c->pipelining = c->utf8 = c->sizes = false;
		c->size_max = 0;
	} else if (c->reply.code == 250 && line.n > 4) {
		note_ability(c, line);
	}
	return line.n;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	(void)p, (void)arg;
	return size * count;
}

static bool by_itself(CURLcode code)
{
	return code == CURLE_LOGIN_DENIED || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ||
	       code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CACERT_BADFILE;
}

static void on_connected(struct transfer *t, CURLcode code)
{
	struct connection *c = OWNER(t, t);
	char reason[REPLY_TEXT + 32];
	bool no = by_itself(code) || c->reply.code >= 500;
	size_t n;
	int fd;

	if (code == CURLE_OK && (fd = transfer_fd(t)) >= 0 &&
	    transfer_receive(t, reason, 1, &n) == TRANSFER_AGAIN && /* from now on the connection is this handle's */
	    (c->watch = loop_watch(c->loop, fd, EPOLLIN, on_ready, c))) {
		c->events = EPOLLIN;
		c->state = CONNECTION_IDLE;
		c->used = false;
		c->needs_reset = false;
		c->line_n = c->due_n = 0;
		c->reply.more = false;
		await(c);
		connection_opened(c);
		return;
	}
	if (c->reply.code >= 400)
		snprintf(reason, sizeof reason, "%d %s%s%s", c->reply.code, c->reply.enhanced,
			 c->reply.enhanced[0] ? " " : "", c->reply.text);
	else
		snprintf(reason, sizeof reason, "%s",
			 c->error[0] ? c->error
			 : code	     ? curl_easy_strerror(code)
				     : "the host speaks out of turn");
	shut(c);
	connection_failed(c, reason, no);
}

static bool set_tls(CURL *curl, const struct email_settings *set)
{
	static const long modes[] = {[EMAIL_TLS_NONE] = CURLUSESSL_NONE,
				     [EMAIL_TLS_STARTTLS] = CURLUSESSL_TRY,
				     [EMAIL_TLS_REQUIRED] = CURLUSESSL_ALL,
				     [EMAIL_TLS_TLS] = CURLUSESSL_ALL};
	CURLcode r = curl_easy_setopt(curl, CURLOPT_USE_SSL, modes[set->tls]);

	r |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, set->tls_verify ? 1L : 0L);
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, set->tls_verify ? 2L : 0L);
	if (set->tls_ca) {
		r |= curl_easy_setopt(curl, CURLOPT_CAINFO, set->tls_ca);
		r |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	return r == CURLE_OK;
}

int connection_init(struct connection *c, struct multi *m)
{
	const struct email_settings *set = c->set;
	CURLcode r;

	for (int i = 0; i < 2; i++) {
		c->slots[i].c = c;
		buf_init(&c->slots[i].job.head, 64 << 10);
		buf_init(&c->slots[i].job.mail, 160 << 20);
	}
	c->now = &c->slots[0];
	c->next = &c->slots[1];
	buf_init(&c->out, OUT_MAX);
	if (transfer_init(&c->t, m, on_connected))
		return -1;
	r = curl_easy_setopt(c->t.easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	r |= curl_easy_setopt(c->t.easy, CURLOPT_PROXY, "");
	r |= curl_easy_setopt(c->t.easy, CURLOPT_ERRORBUFFER, c->error);
	r |= curl_easy_setopt(c->t.easy, CURLOPT_HEADERFUNCTION, on_line);
	r |= curl_easy_setopt(c->t.easy, CURLOPT_HEADERDATA, c);
	r |= curl_easy_setopt(c->t.easy, CURLOPT_WRITEFUNCTION, on_body);
	r |= curl_easy_setopt(c->t.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(set->connect_timeout / US_MS));
	r |= curl_easy_setopt(c->t.easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(set->connect_timeout / US_SEC + 1));
	if (set->user) {
		r |= curl_easy_setopt(c->t.easy, CURLOPT_USERNAME, set->user);
		r |= curl_easy_setopt(c->t.easy, CURLOPT_PASSWORD, set->password ? set->password : "");
	}
	return r == CURLE_OK && set_tls(c->t.easy, set) ? 0 : -1;
}

void connection_free(struct connection *c)
{
	connection_close(c);
	transfer_free(&c->t);
	for (int i = 0; i < 2; i++) {
		buf_free(&c->slots[i].job.head);
		buf_free(&c->slots[i].job.mail);
	}
	buf_free(&c->out);
}

int connection_open(struct connection *c, struct smart_host *h)
{
	char url[2 * HOST_NAME + 32];

	if (c->url_host != h) {
		snprintf(url, sizeof url, "%s://%s:%u/%s", c->set->tls == EMAIL_TLS_TLS ? "smtps" : "smtp", h->name,
			 h->port, c->hello);
		if (curl_easy_setopt(c->t.easy, CURLOPT_URL, url) != CURLE_OK)
			return -1;
		c->url_host = h;
	}
	c->host = h;
	c->error[0] = 0;
	c->broken = false;
	c->reply = c->refusal = (struct smtp_reply){.code = 0};
	if (transfer_start(&c->t))
		return -1;
	c->state = CONNECTION_CONNECTING;
	return 0;
}
