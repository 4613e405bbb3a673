#include "email/lmtp_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { ERRORS_MAX = 20, OUT_MAX = 64 << 10, MAILBOX_MAX = 320 };

enum phase { COMMANDS, DATA, WAITING, OVER };

/* Where in the end mark the bytes of a mail are; START: at the beginning of a line. */
enum end { START, TEXT, CR, DOT, DOT_CR };

struct lmtp_session {
	const struct lmtp_rules *rules;
	enum phase phase;
	enum end end;
	bool greeted, sender, too_big;
	int errors;
	char line[LMTP_LINE];
	size_t line_n;
	bool line_long;
	char from[MAILBOX_MAX + 1];
	char to[LMTP_RECIPIENTS][MAILBOX_MAX + 1];
	size_t to_n;
	struct buf raw, out;
	size_t written;
};

static void say(struct lmtp_session *s, const char *text)
{
	buf_adds(&s->out, text);
	buf_adds(&s->out, "\r\n");
}

/* A peer that goes on in spite of everything is let go. */
static void refuse(struct lmtp_session *s, const char *text)
{
	if (++s->errors > ERRORS_MAX) {
		say(s, "421 4.7.0 too many errors");
		s->phase = OVER;
		return;
	}
	say(s, text);
}

struct lmtp_session *lmtp_new(const struct lmtp_rules *rules)
{
	struct lmtp_session *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->rules = rules;
	buf_init(&s->raw, rules->size);
	buf_init(&s->out, OUT_MAX);
	buf_adds(&s->out, "220 ");
	buf_adds(&s->out, rules->hello);
	say(s, " LMTP");
	return s;
}

void lmtp_free(struct lmtp_session **sp)
{
	struct lmtp_session *s = *sp;

	if (!s)
		return;
	buf_free(&s->raw);
	buf_free(&s->out);
	free(s);
	*sp = NULL;
}

static void forget(struct lmtp_session *s)
{
	s->sender = s->too_big = false;
	s->to_n = 0;
	buf_free(&s->raw);
	buf_init(&s->raw, s->rules->size);
}

/* ---- commands ---- */

/* Does the line begin with the verb? *rest is what follows it. */
static bool verb(struct str line, const char *word, struct str *rest)
{
	size_t n = strlen(word);

	if (line.n < n || strncasecmp(line.p, word, n) != 0 || (line.n > n && line.p[n] != ' '))
		return false;
	*rest = str_trim(str_n(line.p + n, line.n - n));
	return true;
}

static bool mailbox_ok(struct str m)
{
	for (size_t k = 0; k < m.n; k++)
		if ((unsigned char)m.p[k] < ' ' || m.p[k] == 127)
			return false;
	return m.n <= MAILBOX_MAX;
}

/* "FROM:<a@b> PARAM=…": the mailbox (of a source route its last part) and what follows. */
static bool path(struct str rest, const char *word, char out[MAILBOX_MAX + 1], struct str *params)
{
	size_t n = strlen(word), end;
	struct str m;

	if (rest.n < n || strncasecmp(rest.p, word, n) != 0)
		return false;
	rest = str_trim(str_n(rest.p + n, rest.n - n));
	if (!rest.n || rest.p[0] != '<')
		return false;
	for (end = 1; end < rest.n && rest.p[end] != '>'; end++)
		if (rest.p[end] == '"') /* a quoted local part may hold anything */
			for (end++; end < rest.n && rest.p[end] != '"'; end++)
				end += rest.p[end] == '\\';
	if (end >= rest.n)
		return false;
	m = str_n(rest.p + 1, end - 1);
	if (m.n && m.p[0] == '@') {
		const char *colon = memchr(m.p, ':', m.n);
		if (!colon)
			return false;
		m = str_n(colon + 1, (size_t)(m.p + m.n - colon - 1));
	}
	if (!mailbox_ok(m))
		return false;
	memcpy(out, m.p, m.n);
	out[m.n] = 0;
	*params = str_trim(str_n(rest.p + end + 1, rest.n - end - 1));
	return true;
}

static void on_lhlo(struct lmtp_session *s, struct str name)
{
	char size[64];

	if (!name.n) {
		refuse(s, "501 5.5.4 LHLO needs a name");
		return;
	}
	forget(s);
	s->greeted = true;
	buf_adds(&s->out, "250-");
	say(s, s->rules->hello);
	say(s, "250-PIPELINING");
	say(s, "250-8BITMIME");
	say(s, "250-SMTPUTF8");
	say(s, "250-ENHANCEDSTATUSCODES");
	snprintf(size, sizeof size, "250 SIZE %zu", s->rules->size);
	say(s, size);
}

/* Of MAIL FROM. false: refused. */
static bool mail_params(struct lmtp_session *s, struct str params)
{
	while (params.n) {
		const char *space = memchr(params.p, ' ', params.n);
		struct str one = str_n(params.p, space ? (size_t)(space - params.p) : params.n);
		int64_t size;

		params = str_trim(str_n(one.p + one.n, params.n - one.n));
		if (one.n > 5 && strncasecmp(one.p, "SIZE=", 5) == 0) {
			if (!str_i64(str_n(one.p + 5, one.n - 5), &size) || size < 0) {
				refuse(s, "501 5.5.4 SIZE is no number");
				return false;
			}
			if ((uint64_t)size > s->rules->size) {
				say(s, "552 5.3.4 the mail is too big");
				return false;
			}
		} else if (!(one.n >= 5 && strncasecmp(one.p, "BODY=", 5) == 0) &&
			   !(one.n == 8 && strncasecmp(one.p, "SMTPUTF8", 8) == 0)) {
			refuse(s, "555 5.5.4 unknown parameter");
			return false;
		}
	}
	return true;
}

static void on_mail(struct lmtp_session *s, struct str rest)
{
	struct str params;

	if (!s->greeted)
		refuse(s, "503 5.5.1 LHLO comes first");
	else if (s->sender)
		refuse(s, "503 5.5.1 one mail at a time");
	else if (!path(rest, "FROM:", s->from, &params))
		refuse(s, "501 5.1.7 MAIL FROM:<mailbox> expected");
	else if (mail_params(s, params)) {
		s->sender = true;
		say(s, "250 2.1.0 sender taken");
	}
}

static void on_rcpt(struct lmtp_session *s, struct str rest)
{
	struct str params;

	if (!s->sender) {
		refuse(s, "503 5.5.1 MAIL comes first");
		return;
	}
	if (s->to_n == LMTP_RECIPIENTS) {
		say(s, "452 4.5.3 too many recipients");
		return;
	}
	if (!path(rest, "TO:", s->to[s->to_n], &params) || !s->to[s->to_n][0]) {
		refuse(s, "501 5.1.3 RCPT TO:<mailbox> expected");
		return;
	}
	switch (s->rules->recipient(s->rules->arg, str_of(s->to[s->to_n]))) {
	case LMTP_OK:
		s->to_n++;
		say(s, "250 2.1.5 recipient taken");
		break;
	case LMTP_UNKNOWN: refuse(s, "550 5.1.1 no such mailbox here"); break;
	case LMTP_LATER: say(s, "452 4.3.1 not now, try again"); break;
	}
}

static void on_data(struct lmtp_session *s)
{
	if (!s->to_n) {
		refuse(s, "503 5.5.1 no recipient was taken"); /* RFC 2033 section 4.2 */
		return;
	}
	s->phase = DATA;
	s->end = START;
	say(s, "354 go on, end with a dot alone on its line");
}

static void command(struct lmtp_session *s, struct str line)
{
	struct str rest;

	if (memchr(line.p, '\n', line.n) || memchr(line.p, '\r', line.n) || memchr(line.p, 0, line.n))
		refuse(s, "500 5.5.2 lines end in CR LF");
	else if (verb(line, "LHLO", &rest))
		on_lhlo(s, rest);
	else if (verb(line, "MAIL", &rest))
		on_mail(s, rest);
	else if (verb(line, "RCPT", &rest))
		on_rcpt(s, rest);
	else if (verb(line, "DATA", &rest))
		on_data(s);
	else if (verb(line, "RSET", &rest)) {
		forget(s);
		say(s, "250 2.0.0 forgotten");
	} else if (verb(line, "NOOP", &rest))
		say(s, "250 2.0.0 well");
	else if (verb(line, "VRFY", &rest))
		say(s, "252 2.5.0 try and see");
	else if (verb(line, "QUIT", &rest)) {
		say(s, "221 2.0.0 good bye");
		s->phase = OVER;
	} else if (verb(line, "HELO", &rest) || verb(line, "EHLO", &rest))
		refuse(s, "500 5.5.1 this is LMTP: LHLO");
	else
		refuse(s, "500 5.5.2 unknown command");
}

/* Up to the end of one line. */
static size_t feed_command(struct lmtp_session *s, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t take = lf ? (size_t)(lf - p) + 1 : n;

	if (take > sizeof s->line - s->line_n)
		s->line_long = true;
	else
		memcpy(s->line + s->line_n, p, take);
	s->line_n = s->line_long ? 0 : s->line_n + take;
	if (!lf)
		return take;
	if (s->line_long)
		refuse(s, "500 5.5.2 the line is too long");
	else if (s->line_n >= 2 && s->line[s->line_n - 2] == '\r')
		command(s, str_n(s->line, s->line_n - 2));
	else
		refuse(s, "500 5.5.2 lines end in CR LF");
	s->line_n = 0;
	s->line_long = false;
	return take;
}

/* ---- the mail ---- */

static void keep(struct lmtp_session *s, const char *p, size_t n)
{
	if (!n || s->too_big)
		return;
	buf_add(&s->raw, p, n);
	s->too_big = s->raw.failed;
}

static void complete(struct lmtp_session *s)
{
	struct str to[LMTP_RECIPIENTS];

	s->phase = WAITING;
	if (s->too_big) {
		for (size_t k = 0; k < s->to_n; k++)
			say(s, "552 5.3.4 the mail is too big");
		s->phase = COMMANDS;
		forget(s);
		return;
	}
	for (size_t k = 0; k < s->to_n; k++)
		to[k] = str_of(s->to[k]);
	s->rules->mail(s->rules->arg, str_of(s->from), to, s->to_n, buf_str(&s->raw));
}

/* A step of the end mark; what turns out to be content after all is kept. */
static void step(struct lmtp_session *s, char c)
{
	switch (s->end) {
	case START:
		s->end = c == '.' ? DOT : c == '\r' ? CR : TEXT;
		if (c != '.')
			keep(s, &c, 1);
		break;
	case TEXT:
		s->end = c == '\r' ? CR : TEXT;
		keep(s, &c, 1);
		break;
	case CR:
		s->end = c == '\n' ? START : c == '\r' ? CR : TEXT;
		keep(s, &c, 1);
		break;
	case DOT: /* the dot that was doubled is gone (RFC 5321 section 4.5.2) */
		s->end = c == '\r' ? DOT_CR : TEXT;
		if (c != '\r')
			keep(s, &c, 1);
		break;
	case DOT_CR:
		if (c == '\n') {
			complete(s);
			break;
		}
		keep(s, "\r", 1);
		s->end = c == '\r' ? CR : TEXT;
		keep(s, &c, 1);
		break;
	}
}

static size_t feed_data(struct lmtp_session *s, const char *p, size_t n)
{
	size_t k = 0;

	while (k < n && s->phase == DATA) {
		if (s->end == TEXT) { /* most of a mail: up to the next CR at once */
			const char *cr = memchr(p + k, '\r', n - k);
			size_t run = cr ? (size_t)(cr - p) - k : n - k;
			keep(s, p + k, run);
			k += run;
			if (k == n)
				break;
		}
		step(s, p[k++]);
	}
	return k;
}

size_t lmtp_feed(struct lmtp_session *s, const char *p, size_t n)
{
	size_t k = 0;

	while (k < n && (s->phase == COMMANDS || s->phase == DATA) && s->out.n - s->written < OUT_MAX / 2)
		k += s->phase == DATA ? feed_data(s, p + k, n - k) : feed_command(s, p + k, n - k);
	return s->phase == OVER ? n : k;
}

void lmtp_answer(struct lmtp_session *s, enum lmtp_taken taken, const char *text)
{
	const char *code = taken == LMTP_OK ? "250 2.0.0 " : taken == LMTP_UNKNOWN ? "550 5.6.0 " : "451 4.3.0 ";

	if (s->phase != WAITING)
		return;
	for (size_t k = 0; k < s->to_n; k++) {
		buf_adds(&s->out, code);
		for (const char *c = text; *c && c - text < 200; c++)
			buf_addc(&s->out, *c < ' ' ? ' ' : *c);
		say(s, "");
	}
	s->phase = COMMANDS;
	forget(s);
}

bool lmtp_waits(const struct lmtp_session *s) { return s->phase == WAITING; }
bool lmtp_over(const struct lmtp_session *s) { return s->phase == OVER || s->out.failed; }
size_t lmtp_held(const struct lmtp_session *s) { return s->raw.n; }

struct str lmtp_out(const struct lmtp_session *s) { return str_n(s->out.p + s->written, s->out.n - s->written); }

void lmtp_written(struct lmtp_session *s, size_t n)
{
	s->written += n;
	if (s->written == s->out.n) {
		buf_reset(&s->out);
		s->written = 0;
	}
}

void lmtp_say_bye(struct lmtp_session *s, const char *text)
{
	if (s->phase != OVER)
		say(s, text);
	s->phase = OVER;
}
