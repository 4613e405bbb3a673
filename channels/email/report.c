#include "email/report.h"

#include "email/charset.h"
#include "email/smtp_reply.h"

enum { SAID = 2048, DIAGNOSTIC = 1000 };

struct str report_lower(struct report *r, struct str s, size_t max)
{
	char *out, *o;

	s = str_trim(s);
	s.n = s.n < max ? s.n : max;
	o = out = arena_alloc(r->x->a, s.n + 1);
	for (size_t i = 0; out && i < s.n; i++) {
		char c = s.p[i];
		bool white = c == ' ' || (c >= '\t' && c <= '\r');
		if (white && o > out && o[-1] == ' ')
			continue;
		*o++ = (char)(white ? ' ' : c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return str_n(out, (size_t)(o - out));
}

bool report_has(struct str lower, const char *phrases)
{
	for (const char *p = phrases;; p++) {
		size_t n = strcspn(p, "|");
		if (memmem(lower.p, lower.n, p, n))
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

struct mail_recipient *report_find(struct report *r, struct str address)
{
	for (int i = 0; i < r->m->n_recipients; i++)
		if (str_ieq(r->m->recipients[i].address, address) || str_ieq(r->m->recipients[i].alias, address))
			return &r->m->recipients[i];
	return NULL;
}

static struct mail_recipient *add(struct report *r)
{
	struct mail *m = r->m;
	struct mail_recipient *more;

	if (m->n_recipients == r->cap) {
		r->cap = r->cap ? r->cap * 4 : 4;
		more = arena_array(r->x->a, struct mail_recipient, (size_t)r->cap);
		if (!more)
			return NULL;
		if (m->n_recipients)
			memcpy(more, m->recipients, sizeof *more * (size_t)m->n_recipients);
		m->recipients = more;
	}
	return &m->recipients[m->n_recipients++];
}

/* One line: white space folded, cut at a whole character. */
static struct str one_line(struct report *r, struct str s)
{
	char *out, *o;

	s = str_utf8_head(str_trim(s), DIAGNOSTIC);
	o = out = arena_alloc(r->x->a, s.n + 1);
	for (size_t i = 0; out && i < s.n; i++) {
		bool white = s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r');
		if (!white || (o > out && o[-1] != ' '))
			*o++ = white ? ' ' : s.p[i];
	}
	return str_n(out, (size_t)(o - out));
}

static bool vague(enum reason r)
{
	return r == REASON_NONE || r == REASON_FILTERED || r == REASON_SYSTEM || r == REASON_PROTOCOL ||
	       r == REASON_POLICY || r == REASON_NETWORK;
}

static bool specific(const char *status) { return status[0] && strcmp(status + 1, ".0.0") != 0; }

/*
 * "User unknown" is not always meant: filters say it after they have seen the message, and then the status, or the
 * command that was refused, says so. A server that knows its users refuses RCPT.
 */
static enum reason doubted(struct report *r, struct str said, const char *status)
{
	struct str command = report_command(r, said);

	if (report_has(said, "550 : user unknown|550: : user unknown")) /* the filter of au, whatever the command */
		return REASON_FILTERED;
	if (status[0] && status[2] == '2' && report_has(said, "mailbox unavailable|mailbox is unavailable"))
		return REASON_MAILBOX_DISABLED;
	if (!report_has(said, "user unknown|unknown user") || (status[0] && status[2] == '1' && specific(status)))
		return REASON_USER_UNKNOWN;
	if (r->around == REASON_MAILBOX_DISABLED)
		return r->around;
	if (str_is(command, "rcpt"))
		return REASON_USER_UNKNOWN;
	if (str_is(command, "data") || (status[0] && strchr("237", status[2])))
		return REASON_FILTERED;
	return REASON_USER_UNKNOWN;
}

/* "5.1.0 - Unknown address error 550-'5.7.1 Access denied' (delivery attempts: 0)": what is quoted was said. */
static struct str quoted(struct str s)
{
	const char *open = s.n ? memmem(s.p, s.n, "-'", 2) : NULL, *end;

	if (!open || open - s.p < 12 || s.p[1] != '.' || !memmem(s.p, 12, " - ", 3))
		return s;
	end = memrchr(s.p, '\'', s.n);
	return end > open + 8 ? str_n(open - 3, (size_t)(end - open) + 3) : s;
}

/* The words of the server first, then the code, then what the report says around them. */
static enum reason why(struct report *r, const struct report_saying *s, const char *status, int reply)
{
	struct str said = report_lower(r, quoted(s->diagnostic), SAID);
	enum reason text = said.p ? reason_of_text(said) : REASON_NONE, code = reason_of_status(status), other;

	if (code == REASON_DELIVERED)
		return code;
	if ((reply == 521 || reply == 556) && vague(text)) /* RFC 7504 */
		return REASON_NO_MAIL;
	if (text == REASON_USER_UNKNOWN)
		return doubted(r, said, status);
	if (!vague(text) || (text && (!code || vague(code))))
		return text;
	if (code && !vague(code))
		return code;
	other = text ? REASON_NONE : s->around ? s->around : r->around;
	return other && (!code || !vague(other)) ? other : code;
}

static void status_of(const struct report_saying *s, const struct smtp_reply *reply, char out[12])
{
	if (!smtp_status_read(s->status, out))
		out[0] = '\0';
	if (reply->status[0] && (!out[0] || (!specific(out) && specific(reply->status) && out[0] == reply->status[0])))
		memcpy(out, reply->status, 12);
}

/* Who says nothing but that it failed has given up. */
static bool is_permanent(const struct report_saying *s, int code)
{
	return code ? code >= 500 : !str_ieq(s->action, STR("delayed"));
}

static void conclude(struct report *r, const struct report_saying *s, struct mail_recipient *p)
{
	struct smtp_reply reply, outer;
	enum reason reason;
	bool reached = str_ieq(s->action, STR("delivered")) || str_ieq(s->action, STR("relayed")) ||
		       str_ieq(s->action, STR("expanded")) || str_ieq(s->action, STR("deliverable"));

	smtp_reply_find(quoted(s->diagnostic), &reply);
	if (!reply.status[0] && smtp_reply_find(s->diagnostic, &outer))
		memcpy(reply.status, outer.status, sizeof outer.status);
	status_of(s, &reply, p->status);
	reason = reached ? REASON_DELIVERED : why(r, s, p->status, reply.code);
	p->reply = reply.code;
	p->reason = reason_word(reason);
	p->delayed = str_ieq(s->action, STR("delayed"));
	if (!p->status[0])
		reason_status(reason, is_permanent(s, reply.code), p->status);
	if (reached || p->status[0] == '2')
		p->bounce = MAIL_BOUNCE_NONE;
	else
		p->bounce = reason_is_hard(reason) && p->status[0] == '5' ? MAIL_BOUNCE_HARD : MAIL_BOUNCE_SOFT;
}

int report_settle(struct report *r, const struct report_saying *s)
{
	struct mail_recipient *p = s->address.n ? report_find(r, s->address) : NULL;
	bool again = p != NULL;

	if (again && p->diagnostic.n) /* the first word counts: later ones repeat it */
		return 0;
	if (!p && r->m->n_recipients >= r->x->limits->addresses) {
		r->x->defects |= MAIL_PARTS;
		return 0;
	}
	p = p ? p : add(r);
	if (!p)
		return -1;
	if (!again) {
		p->address = charset_utf8(s->address, str_n("", 0), r->x->a, NULL);
		p->alias = charset_utf8(s->alias, str_n("", 0), r->x->a, NULL);
	}
	p->diagnostic = one_line(r, charset_utf8(s->diagnostic, str_n("", 0), r->x->a, NULL));
	if (!p->address.p || !p->alias.p || !p->diagnostic.p)
		return -1;
	conclude(r, s, p);
	return 0;
}

/* Behind the last ">>> " of a transcript before it: four letters. */
static struct str transcript(struct str before)
{
	const char *mark = NULL;

	while (before.n > 8) {
		const char *next = memmem(before.p, before.n, ">>> ", 4);
		if (!next || next + 8 > before.p + before.n)
			break;
		mark = next;
		before = str_n(mark + 4, (size_t)(before.p + before.n - mark - 4));
	}
	return mark && mark[4] >= 'a' && mark[4] <= 'z' ? str_n(mark + 4, 4) : str_n("", 0);
}

/* Where the first words of what was said stand in the report; rather as the reply in a transcript. */
static const char *place(const struct report *r, struct str said)
{
	char reply[48] = "<<< ";
	size_t n = said.n < 40 ? said.n : 40;
	const char *p;

	if (n < 9)
		return NULL;
	memcpy(reply + 4, said.p, n);
	p = memmem(r->low.p, r->low.n, reply, n + 4);
	return p ? p + 4 : memmem(r->low.p, r->low.n, said.p, n);
}

struct str report_command(const struct report *r, struct str said)
{
	const char *here = place(r, said);
	size_t at = here ? (size_t)(here - r->low.p) : 0, back = at < 400 ? at : 400;
	struct str command = here ? transcript(str_n(here - back, back)) : str_n("", 0), around = said;

	if (command.n)
		return command;
	if (here) {
		back = at < 60 ? at : 60;
		around = str_n(here - back, r->low.n - at < said.n + 120 ? r->low.n - at + back : said.n + 120 + back);
	}
	if (report_has(around, "reply to rcpt|after rcpt|[rcpt|our rcpt|rcpt command|sending rcpt|response to rcpt|<<< "
			       "rcpt|command rcpt"))
		return STR("rcpt");
	if (report_has(around, "end of data|reply to data|after data|[data|final data|our data|response to data|<<< "
			       "data|command data"))
		return STR("data");
	return str_n("", 0);
}

static bool atext(char c)
{
	return (uint8_t)c >= 128 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

static bool host_char(char c)
{
	return (uint8_t)c >= 128 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' ||
	       c == '-';
}

/* Backwards and forwards from the "@": quoted local parts end at their quote. */
struct str report_address(struct str line, size_t *at)
{
	while (*at < line.n) {
		const char *p = memchr(line.p + *at, '@', line.n - *at);
		size_t i, from, to;
		if (!p)
			break;
		i = (size_t)(p - line.p);
		from = i;
		if (i > 1 && line.p[i - 1] == '"') {
			for (from = i - 1; from > *at && line.p[from - 1] != '"';)
				from--;
			from -= from > *at;
		} else {
			while (from > *at && atext(line.p[from - 1]))
				from--;
		}
		for (to = i + 1; to < line.n && host_char(line.p[to]);)
			to++;
		while (to > i + 1 && strchr(".-", line.p[to - 1]))
			to--;
		if (to > i + 1 && line.p[i + 1] != '.' && from < i && to - from <= 320) {
			*at = to;
			return str_n(line.p + from, to - from);
		}
		*at = i + 1;
	}
	*at = line.n;
	return str_n("", 0);
}
