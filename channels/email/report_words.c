#include "base/err.h"
#include "email/report.h"
#include "email/smtp_reply.h"

/*
 * Bounces without a report for programs: qmail, Exim, sendmail before 8.8, Exchange, the large providers. They have in
 * common that an address begins a line, or stands alone on one, and that what is said about it follows. Otherwise a
 * sentence has it: "delivering your mail to <...>".
 */

enum { SECTIONS = 200, NEAR = 4000, TEXT = 1 << 18 };

struct section {
	struct str address;
	size_t from, to; /* of what is said: from behind the address to the next one */
};

struct scan {
	struct section at[SECTIONS];
	int n;
};

static struct str line_at(struct str s, size_t *at)
{
	const char *nl = memchr(s.p + *at, '\n', s.n - *at);
	size_t end = nl ? (size_t)(nl - s.p) : s.n;
	struct str line = str_n(s.p + *at, end - *at);

	*at = nl ? end + 1 : s.n;
	return line;
}

static bool is_mark(char c) { return strchr(" \t\r<*-\"'([>&#|", c) != NULL; }

/* "To:", "Recipient address:", "Failed recipient:": up to three words and a colon before the address. */
static bool label(struct report *r, struct str before)
{
	struct str low = report_lower(r, before, 60);

	while (low.n && is_mark(low.p[low.n - 1]))
		low.n--;
	if (!low.p || before.n > 60 || !low.n || (low.p[low.n - 1] != ':' && low.p[low.n - 1] != '='))
		return false;
	return report_has(low, "recipient|rcpt|to:|user:|address|destinat|empf|адрес|получател|deliver|mailbox:");
}

/* Which address a line is about, if it begins with one or has nothing else; *behind: where the rest begins. */
static struct str head(struct report *r, struct str line, size_t *behind)
{
	size_t at = 0, start;
	struct str a = report_address(line, &at), before;

	if (!a.n || line.n > 2000)
		return str_n("", 0);
	start = (size_t)(a.p - line.p);
	before = str_n(line.p, start);
	*behind = at;
	for (size_t i = 0; i < before.n; i++)
		if (!is_mark(before.p[i]))
			return label(r, before) ? a : str_n("", 0);
	return a;
}

static bool same_as(const struct mail_addresses *l, struct str a)
{
	for (int i = 0; i < l->n; i++)
		if (str_ieq(l->at[i].address, a))
			return true;
	return false;
}

static bool listed(struct str failed, struct str a) /* X-Failed-Recipients */
{
	size_t at = 0;

	while (at < failed.n)
		if (str_ieq(report_address(failed, &at), a))
			return true;
	return false;
}

/* The one who is told, and the one who tells, are no recipients unless the report says so itself. */
static bool outsider(struct report *r, struct str failed, struct str a)
{
	const char *at = memchr(a.p, '@', a.n);
	struct str local = str_n(a.p, at ? (size_t)(at - a.p) : a.n);

	if (failed.n)
		return listed(failed, a);
	if (same_as(&r->m->to, a) || same_as(&r->m->from, a))
		return false;
	if (str_ieq(local, STR("mailer-daemon")) || str_ieq(local, STR("abuse")))
		return false;
	return !str_ieq(local, STR("postmaster")) || r->m->original.to.n == 0 ||
	       memmem(r->m->original.to.p, r->m->original.to.n, a.p, a.n);
}

static void open_section(struct scan *x, struct str address, size_t from)
{
	if (x->n && x->at[x->n - 1].to > from)
		x->at[x->n - 1].to = from;
	if (x->n < SECTIONS)
		x->at[x->n++] = (struct section){address, from, 0};
}

static void heads(struct report *r, struct str failed, struct scan *x)
{
	size_t at = 0;

	while (at < r->text.n && x->n < SECTIONS) {
		size_t start = at, behind = 0;
		struct str line = line_at(r->text, &at), a = head(r, line, &behind);
		if (!a.n || !outsider(r, failed, a))
			continue;
		if (x->n)
			x->at[x->n - 1].to = start;
		open_section(x, a, start + behind);
		x->at[x->n - 1].to = r->text.n;
	}
}

/* "... to <john@example.org>", "RCPT TO:<...>" in the midst of sentences. */
static size_t line_behind(struct str s, size_t at)
{
	const char *nl = memchr(s.p + at, '\n', s.n - at);

	return nl ? (size_t)(nl - s.p) + 1 : s.n;
}

static void mentions(struct report *r, struct str failed, struct scan *x)
{
	size_t at = 0;
	struct str a;

	while (x->n < SECTIONS && at < r->text.n && (a = report_address(r->text, &at)).n) {
		bool known = false;
		for (int i = 0; i < x->n; i++)
			known |= str_ieq(x->at[i].address, a);
		if (known || !outsider(r, failed, a))
			continue;
		open_section(x, a, line_behind(r->text, at));
		x->at[x->n - 1].to = r->text.n;
	}
}

/* Up to the empty line behind the first words that say something. */
static struct str near(struct str s)
{
	size_t at = 0;
	bool words = false;

	s.n = s.n < NEAR ? s.n : NEAR;
	while (at < s.n) {
		size_t before = at;
		struct str line = str_trim(line_at(s, &at));
		while (line.n && strchr(">:.;,<", line.p[0]))
			line = str_n(line.p + 1, line.n - 1);
		if (!line.n && words)
			return str_n(s.p, before);
		words |= line.n > 2;
	}
	return s;
}

/* The last line that has a code, and what goes on below it. */
static struct str coded(struct str s)
{
	size_t at = 0;
	struct smtp_reply reply;
	struct str found = {"", 0};

	s.n = s.n < NEAR * 2 ? s.n : NEAR * 2;
	while (at < s.n) {
		size_t before = at;
		struct str line = line_at(s, &at);
		if (smtp_reply_find(line, &reply))
			found = str_n(s.p + before, s.n - before);
	}
	return found.n ? near(found) : found;
}

static struct str clean(struct str s)
{
	const char *zoho = "Invalid Address, ERROR_CODE :"; /* of every refusal */

	if (s.n > strlen(zoho) && memmem(s.p, strlen(zoho) + 1, zoho, strlen(zoho)))
		s = str_n(s.p + strlen(zoho), s.n - strlen(zoho));
	while (s.n && strchr(" \t\r\n>:.;,", s.p[0]))
		s = str_n(s.p + 1, s.n - 1);
	return str_trim(s);
}

/* A line of a transcript that names the address and has a code. */
static struct str about(struct str text, struct str address)
{
	size_t at = 0;
	struct smtp_reply reply;

	text.n = text.n < NEAR * 4 ? text.n : NEAR * 4;
	while (at < text.n) {
		struct str line = line_at(text, &at);
		if (memmem(line.p, line.n, address.p, address.n) && smtp_reply_find(line, &reply))
			return line;
	}
	return str_n("", 0);
}

static bool telling(struct report *r, struct str s)
{
	struct str low;

	low = report_lower(r, s, 2000);
	return low.p && reason_of_text(low) != REASON_NONE;
}

/* The same address further down, where a code stands with it: people are told first, administrators below. */
static struct str again(struct report *r, const struct scan *x, const struct section *s)
{
	struct str line = {"", 0};

	for (int i = 0; i < x->n && !line.n; i++)
		if (&x->at[i] != s && str_ieq(x->at[i].address, s->address))
			line = coded(str_n(r->text.p + x->at[i].from, x->at[i].to - x->at[i].from));
	return line;
}

static struct str diagnostic(struct report *r, const struct scan *x, const struct section *s)
{
	struct str all = str_n(r->text.p + s->from, s->to - s->from), close = near(all), line;

	struct smtp_reply reply;

	if (s->from && smtp_reply_find(close, &reply))
		return clean(close);
	line = about(r->text, s->address);
	if (!line.n)
		line = coded(s->from ? all : r->text);
	if (!line.n)
		line = again(r, x, s);
	if (!line.n && s->from && telling(r, close))
		line = close;
	if (!line.n)
		line = coded(r->text);
	return line.n ? clean(line) : str_n("", 0);
}

struct str report_said_of(struct report *r, struct str address)
{
	size_t at = 0;

	while (at < r->text.n && at < TEXT) {
		size_t start = at, behind = 0;
		struct str line = line_at(r->text, &at), a = head(r, line, &behind), close;
		if (!a.n || !str_ieq(a, address))
			continue;
		close = clean(near(str_n(r->text.p + start + behind, r->text.n - start - behind)));
		if (telling(r, close))
			return close;
	}
	return str_n("", 0);
}

static int settle(struct report *r, struct str address, struct str said)
{
	struct report_saying s = {.address = address, .diagnostic = said};

	s.alias = s.action = s.status = str_n("", 0);
	return report_settle(r, &s);
}

/* Nobody is named: the returned message says to whom it went. */
static int from_returned(struct report *r)
{
	struct str to = r->m->original.to, a;
	size_t at = 0;

	if (!to.n)
		return 0;
	a = report_address(to, &at);
	return a.n ? settle(r, a, coded(r->text)) : 0;
}

int report_words(struct report *r)
{
	struct str failed = header_unfold(header_raw(&r->m->fields, "X-Failed-Recipients"), r->x->a);
	struct scan *x = arena_alloc(r->x->a, sizeof *x);
	size_t at = 0;

	if (!failed.p || !x)
		return -1;
	failed.n = failed.n < NEAR ? failed.n : NEAR;
	if (r->text.n > TEXT)
		r->text.n = TEXT;
	heads(r, failed, x);
	if (!x->n)
		mentions(r, failed, x);
	for (int i = 0; i < x->n; i++)
		if (settle(r, x->at[i].address, diagnostic(r, x, &x->at[i])))
			return -1;
	while (at < failed.n) {
		struct str a = report_address(failed, &at);
		if (a.n && !report_find(r, a) && settle(r, a, coded(r->text)))
			return -1;
	}
	return r->m->n_recipients ? 0 : from_returned(r);
}
