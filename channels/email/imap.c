#include "email/imap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "email/imap_session.h"
#include "email/multi.h"

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define KNOWN_FOR (14 * US_DAY) /* well within what intake/ remembers of what came in */
#define SOON (5 * US_SEC)
#define DENIED_MAX (15 * US_MIN)

enum { READ = 16 << 10, READS_A_ROUND = 16, NAME = 512, REASON = 300 };

enum state { RESTS, ASKS, CONNECTS, READS };

struct imap {
	const struct arrival_to *where;
	struct loop *loop;
	struct multi *multi;
	struct transfer t;
	char host[256], error[CURL_ERROR_SIZE];
	unsigned port;
	/* a visit */
	enum state state;
	unsigned visit;
	struct imap_rules rules;
	struct imap_session *session;
	char mailbox[NAME], move_to[NAME], since[24];
	struct watch *watch;
	uint32_t events;
	struct timer poll, limit;
	bool feeding; /* the session is at work: what it tells us must not end it */
	bool later;   /* a mail was not taken now */
	int denied;   /* logins in a row: servers lock out who keeps trying */
	/* what is due from the host */
	size_t arriving;
	bool asking, marking;
	/* what is known */
	bool known;
	imap_mark mark;
	int64_t mails, left, visited_at;
	char reason[REASON];
	bool paused, stopping;
	struct timer deadline;
	void (*rested)(void *arg);
	void *arg;
};

struct coming { /* a mail that is with the gateway */
	struct imap *i;
	unsigned visit;
	uint32_t uid;
};

static void pump(struct imap *i);

static void tell_rest(struct imap *i)
{
	if (imap_stopped(i))
		i->rested(i->arg);
}

/* ---- the end of a visit ---- */

static void say_reason(struct imap *i, const char *reason)
{
	if (reason && strcmp(reason, i->reason) != 0)
		log_warn("email.imap_failed", "account", i->where->host->name, "host", i->host, "reason", reason,
			 LOG_END);
	else if (!reason && i->reason[0])
		log_info("email.imap_works", "account", i->where->host->name, "host", i->host, LOG_END);
	snprintf(i->reason, sizeof i->reason, "%s", reason ? reason : "");
}

static void on_poll(struct timer *t);

static void leave(struct imap *i, const char *reason)
{
	int64_t pause = i->where->set->imap_poll;

	say_reason(i, reason);
	loop_timer_stop(i->loop, &i->limit);
	loop_unwatch(i->loop, &i->watch);
	transfer_stop(&i->t);
	imap_session_free(&i->session);
	i->visit++;
	i->state = RESTS;
	if (i->later && pause > SOON)
		pause = SOON;
	for (int k = 1; k < i->denied && pause < DENIED_MAX; k++)
		pause *= 2;
	if (i->stopping)
		tell_rest(i);
	else
		loop_timer(i->loop, &i->poll, loop_now(i->loop) + pause, on_poll);
}

/* ---- mails and marks ---- */

static void on_arrived(void *arg, enum intake_answer answer, const char *why)
{
	struct coming c = *(struct coming *)arg;
	struct imap *i = c.i;
	bool taken = answer == INTAKE_ACCEPTED || answer == INTAKE_DUPLICATE;

	free(arg);
	i->arriving--;
	i->mails += taken;
	i->left += answer == INTAKE_REJECTED;
	if (answer == INTAKE_REJECTED)
		log_warn("email.imap_rejected", "account", i->where->host->name, "uid", LOG_INT(c.uid), "reason",
			 why ? why : "", LOG_END);
	if (c.visit == i->visit && i->session) {
		i->later = i->later || answer == INTAKE_BUSY;
		imap_answer(i->session, c.uid, taken ? IMAP_TAKEN : answer == INTAKE_REJECTED ? IMAP_LEFT : IMAP_LATER);
		pump(i);
	} else {
		tell_rest(i);
	}
}

static void on_mail(void *arg, uint32_t uid, struct str raw)
{
	struct imap *i = arg;
	struct coming *c = malloc(sizeof *c);

	if (c) {
		*c = (struct coming){i, i->visit, uid};
		i->arriving++;
		if (arrival_start(i->where, STR(""), NULL, 0, raw, on_arrived, c) == 0)
			return;
		i->arriving--;
		free(c);
	}
	i->later = true;
	imap_answer(i->session, uid, IMAP_LATER);
}

static void on_too_big(void *arg, uint32_t uid)
{
	struct imap *i = arg;

	i->left++;
	log_warn("email.imap_too_big", "account", i->where->host->name, "uid", LOG_INT(uid), LOG_END);
}

static void on_refused(void *arg, const char *text)
{
	struct imap *i = arg;

	log_warn("email.imap_refused", "account", i->where->host->name, "reason", text, LOG_END);
}

static void on_kept(void *arg, int64_t value, const char *error)
{
	struct imap *i = arg;

	i->marking = false;
	if (!error)
		i->mark = (imap_mark)value;
	if (i->session) { /* no other visit begins before */
		imap_kept(i->session, !error);
		pump(i);
	} else {
		tell_rest(i);
	}
}

static void on_moved(void *arg, imap_mark mark)
{
	struct imap *i = arg;
	const struct channel_host *h = i->where->host;

	i->marking = true;
	h->mark_put(h->self, i->where->set->imap_mailbox, (int64_t)mark, on_kept, i);
}

/* ---- the connection ---- */

static void on_limit(struct timer *t);
static void on_ready(void *arg, uint32_t events);

static void await(struct imap *i)
{
	loop_timer(i->loop, &i->limit, loop_now(i->loop) + i->where->set->response_timeout, on_limit);
}

static void on_limit(struct timer *t)
{
	struct imap *i = OWNER(t, struct imap, limit);

	if (i->session && !imap_settled(i->session))
		await(i);
	else
		leave(i, "no answer in time");
}

/* false: the connection has ended. */
static bool write_out(struct imap *i)
{
	uint32_t events = EPOLLIN;
	struct str out;
	size_t done;

	while ((out = imap_out(i->session)).n && events == EPOLLIN) {
		switch (transfer_send(&i->t, out.p, out.n, &done)) {
		case TRANSFER_OK: imap_written(i->session, done); break;
		case TRANSFER_AGAIN: events |= EPOLLOUT; break;
		case TRANSFER_CLOSED: return false;
		}
	}
	if (events != i->events && loop_rewatch(i->loop, i->watch, events))
		return false;
	i->events = events;
	return true;
}

/* After whatever the session may have done. */
static void pump(struct imap *i)
{
	if (i->feeding || i->state != READS)
		return;
	if (!write_out(i)) {
		leave(i, "the connection was closed");
	} else if (imap_over(i->session)) {
		if (!imap_problem(i->session))
			i->visited_at = clock_now();
		leave(i, imap_problem(i->session));
	} else {
		await(i);
	}
}

static void on_ready(void *arg, uint32_t events)
{
	struct imap *i = arg;
	enum transfer_result r = TRANSFER_OK;
	char room[READ];
	size_t n;

	(void)events;
	i->feeding = true;
	for (int k = 0; k < READS_A_ROUND && r == TRANSFER_OK; k++) {
		r = transfer_receive(&i->t, room, sizeof room, &n);
		if (r == TRANSFER_OK)
			imap_feed(i->session, room, n);
	}
	i->feeding = false;
	if (r == TRANSFER_CLOSED && !imap_over(i->session))
		leave(i, "the connection was closed");
	else
		pump(i);
}

static void on_connected(struct transfer *t, CURLcode code)
{
	struct imap *i = OWNER(t, struct imap, t);
	char first;
	size_t n;
	int fd;

	if (code == CURLE_OK && (fd = transfer_fd(t)) >= 0) {
		enum transfer_result r = transfer_receive(t, &first, 1, &n);
		i->watch = r == TRANSFER_CLOSED ? NULL : loop_watch(i->loop, fd, EPOLLIN, on_ready, i);
		if (i->watch) {
			i->denied = 0;
			i->events = EPOLLIN;
			i->state = READS;
			if (r == TRANSFER_OK)
				imap_feed(i->session, &first, 1);
			pump(i);
			return;
		}
	}
	i->denied = code == CURLE_LOGIN_DENIED ? i->denied + 1 : 0;
	leave(i, i->error[0] ? i->error : code ? curl_easy_strerror(code) : "the connection was closed");
}

static void visit(struct imap *i)
{
	time_t day = (time_t)((clock_now() - KNOWN_FOR) / US_SEC);
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	gmtime_r(&day, &tm);
	snprintf(i->since, sizeof i->since, "%d-%s-%d", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
	i->rules.mark = i->mark;
	i->later = false;
	i->error[0] = 0;
	i->session = imap_session_new(&i->rules);
	if (!i->session || transfer_start(&i->t)) {
		leave(i, "out of memory");
		return;
	}
	i->state = CONNECTS;
	await(i);
}

static void on_mark(void *arg, int64_t value, const char *error)
{
	struct imap *i = arg;

	i->asking = false;
	i->known = !error;
	i->mark = (imap_mark)value;
	i->state = RESTS;
	if (error || i->stopping)
		leave(i, error ? "how far it was read is not known now" : NULL);
	else
		visit(i);
}

static void on_poll(struct timer *t)
{
	struct imap *i = OWNER(t, struct imap, poll);
	const struct channel_host *h = i->where->host;

	if (i->paused || i->marking) {
		loop_timer(i->loop, &i->poll, loop_now(i->loop) + i->where->set->imap_poll, on_poll);
	} else if (i->known) {
		visit(i);
	} else {
		i->state = ASKS;
		i->asking = true;
		h->mark_get(h->self, i->where->set->imap_mailbox, on_mark, i);
	}
}

/* ---- beginning and end ---- */

static int read_host(struct imap *i, struct err *err)
{
	const struct email_settings *s = i->where->set;
	const char *bracket = strrchr(s->imap, ']'), *colon = strrchr(bracket ? bracket : s->imap, ':');
	size_t n = colon ? (size_t)(colon - s->imap) : strlen(s->imap);
	int64_t port = s->imap_tls == EMAIL_TLS_TLS ? 993 : 143;

	if (!n || n >= sizeof i->host || strcspn(s->imap, " \t/?#@") < n ||
	    (colon && (!str_i64(str_of(colon + 1), &port) || port < 1 || port > 65535)))
		return err_set(err, ERR_SEMANTIC, "host_invalid", "imap",
			       "imap.example.com or imap.example.com:993 expected");
	memcpy(i->host, s->imap, n);
	i->port = (unsigned)port;
	return 0;
}

static int read_names(struct imap *i, struct err *err)
{
	const struct email_settings *s = i->where->set;
	const char *const from[] = {s->imap_mailbox, s->imap_move ? s->imap_move : ""};
	char *const to[] = {i->mailbox, i->move_to};
	struct buf b;

	if (strlen(s->imap_mailbox) > 100)
		return err_set(err, ERR_SEMANTIC, "too_long", "imap_mailbox", "at most 100 bytes");
	for (size_t k = 0; k < 2; k++) {
		bool fits;
		buf_init(&b, NAME - 1);
		imap_name_write(str_of(from[k]), &b);
		fits = !b.failed;
		if (fits)
			snprintf(to[k], NAME, "%s", buf_cstr(&b));
		buf_free(&b);
		if (!fits)
			return err_set(err, ERR_SEMANTIC, "too_long", k ? "imap_move" : "imap_mailbox", "too long");
	}
	return 0;
}

static bool set_tls(CURL *curl, const struct email_settings *s)
{
	static const long modes[] = {[EMAIL_TLS_NONE] = CURLUSESSL_NONE,
				     [EMAIL_TLS_STARTTLS] = CURLUSESSL_TRY,
				     [EMAIL_TLS_REQUIRED] = CURLUSESSL_ALL,
				     [EMAIL_TLS_TLS] = CURLUSESSL_ALL};
	CURLcode r = curl_easy_setopt(curl, CURLOPT_USE_SSL, modes[s->imap_tls]);

	r |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, s->tls_verify ? 1L : 0L);
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, s->tls_verify ? 2L : 0L);
	if (s->tls_ca) {
		r |= curl_easy_setopt(curl, CURLOPT_CAINFO, s->tls_ca);
		r |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	return r == CURLE_OK;
}

static size_t on_line(char *p, size_t size, size_t count, void *arg)
{
	(void)p, (void)arg;
	return size * count;
}

static bool set_up(struct imap *i)
{
	const struct email_settings *s = i->where->set;
	char url[sizeof i->host + 32];
	CURLcode r;

	i->multi = multi_new(i->loop, 1);
	if (!i->multi || transfer_init(&i->t, i->multi, on_connected))
		return false;
	snprintf(url, sizeof url, "%s://%s:%u/", s->imap_tls == EMAIL_TLS_TLS ? "imaps" : "imap", i->host, i->port);
	r = curl_easy_setopt(i->t.easy, CURLOPT_URL, url);
	r |= curl_easy_setopt(i->t.easy, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	r |= curl_easy_setopt(i->t.easy, CURLOPT_PROXY, "");
	r |= curl_easy_setopt(i->t.easy, CURLOPT_ERRORBUFFER, i->error);
	r |= curl_easy_setopt(i->t.easy, CURLOPT_HEADERFUNCTION, on_line);
	r |= curl_easy_setopt(i->t.easy, CURLOPT_WRITEFUNCTION, on_line);
	r |= curl_easy_setopt(i->t.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(s->connect_timeout / US_MS));
	r |= curl_easy_setopt(i->t.easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(s->connect_timeout / US_SEC + 1));
	if (s->imap_user) {
		r |= curl_easy_setopt(i->t.easy, CURLOPT_USERNAME, s->imap_user);
		r |= curl_easy_setopt(i->t.easy, CURLOPT_PASSWORD, s->imap_password ? s->imap_password : "");
	}
	return r == CURLE_OK && set_tls(i->t.easy, s);
}

int imap_open(const struct arrival_to *where, void (*rested)(void *arg), void *arg, struct imap **out, struct err *err)
{
	const struct email_settings *s = where->set;
	struct imap *i;

	*out = NULL;
	if (!s->imap || !s->imap[0])
		return 0;
	i = calloc(1, sizeof *i);
	if (!i)
		return err_nomem(err);
	i->where = where;
	i->loop = where->host->loop;
	i->rested = rested;
	i->arg = arg;
	if (read_host(i, err) || read_names(i, err)) {
		imap_close(&i);
		return -1;
	}
	i->rules = (struct imap_rules){.mailbox = i->mailbox,
				       .move_to = i->move_to,
				       .first = (enum imap_first)s->imap_first,
				       .since = i->since,
				       .size = (size_t)s->max_size,
				       .mail = on_mail,
				       .too_big = on_too_big,
				       .moved = on_moved,
				       .refused = on_refused,
				       .arg = i};
	if (!set_up(i)) {
		imap_close(&i);
		return err_nomem(err);
	}
	*out = i;
	return 0;
}

void imap_start(struct imap *i) { loop_timer(i->loop, &i->poll, loop_now(i->loop), on_poll); }

void imap_pause(struct imap *i, bool paused)
{
	i->paused = paused;
	if (paused && i->state == READS) {
		imap_end(i->session);
		pump(i);
	}
}

void imap_status(const struct imap *i, struct json_out *j)
{
	char at[TIME_TEXT];

	json_obj(j, "imap");
	json_cstr(j, "host", i->host);
	json_int(j, "port", i->port);
	json_cstr(j, "mailbox", i->where->set->imap_mailbox);
	json_cstr(j, "state", i->reason[0] ? "down" : i->visited_at ? "up" : "unknown");
	if (i->reason[0])
		json_cstr(j, "reason", i->reason);
	if (i->visited_at) {
		time_format(i->visited_at, at);
		json_cstr(j, "visited_at", at);
	}
	json_int(j, "uid", (int64_t)(uint32_t)i->mark);
	json_int(j, "mails", i->mails);
	json_int(j, "left", i->left);
	json_end(j);
}

static void on_deadline(struct timer *t)
{
	struct imap *i = OWNER(t, struct imap, deadline);

	if (i->session)
		leave(i, NULL);
}

void imap_stop(struct imap *i, int64_t deadline)
{
	i->stopping = true;
	loop_timer_stop(i->loop, &i->poll);
	if (i->state == CONNECTS) {
		leave(i, NULL);
	} else if (i->state == READS) {
		loop_timer(i->loop, &i->deadline, deadline, on_deadline);
		imap_end(i->session);
		pump(i);
	}
}

bool imap_stopped(const struct imap *i)
{
	return i->stopping && i->state == RESTS && !i->arriving && !i->asking && !i->marking;
}

void imap_close(struct imap **ip)
{
	struct imap *i = *ip;

	if (!i)
		return;
	loop_timer_stop(i->loop, &i->poll);
	loop_timer_stop(i->loop, &i->limit);
	loop_timer_stop(i->loop, &i->deadline);
	loop_unwatch(i->loop, &i->watch);
	transfer_free(&i->t);
	multi_free(&i->multi);
	imap_session_free(&i->session);
	free(i);
	*ip = NULL;
}
