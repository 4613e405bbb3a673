#include "email/charset.h"
#include "email/report.h"
#include "email/smtp_reply.h"

/*
 * RFC 3464: groups of fields with empty lines between. Of the field: no type before ";", brackets, comments behind the
 * status, groups run together, the whole in a text part.
 */

enum { SAID_OF = 20 }; /* recipients that are looked for in the text */

static struct str unfolded(struct report *r, const struct mail_fields *f, const char *name)
{
	struct str s = header_unfold(header_raw(f, name), r->x->a);

	return s.p ? s : str_n("", 0);
}

/* "rfc822; <john@example.org>" */
static struct str typed_address(struct str s)
{
	const char *semicolon = memchr(s.p, ';', s.n);
	size_t at = 0;
	struct str a;

	if (semicolon && !memchr(s.p, '@', (size_t)(semicolon - s.p)))
		s = str_n(semicolon + 1, (size_t)(s.p + s.n - semicolon - 1));
	s = str_trim(s);
	a = report_address(s, &at);
	if (a.n)
		return a;
	while (s.n && (s.p[0] == '<' || s.p[0] == '"'))
		s = str_n(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == '>' || s.p[s.n - 1] == '"'))
		s.n--;
	return s;
}

/* "smtp; 550 5.1.1 ..." */
static struct str typed_text(struct str s)
{
	size_t i = 0;

	while (i < s.n && i < 20 && s.p[i] != ';' && s.p[i] != ' ')
		i++;
	if (i < s.n && s.p[i] == ';')
		s = str_n(s.p + i + 1, s.n - i - 1);
	return str_trim(s);
}

static struct str word(struct str s)
{
	size_t n = 0;

	while (n < s.n && !strchr(" \t(;,", s.p[n]))
		n++;
	return str_n(s.p, n);
}

static int recipient(struct report *r, const struct mail_fields *f)
{
	struct str final = typed_address(unfolded(r, f, "Final-Recipient"));
	struct str original = typed_address(unfolded(r, f, "Original-Recipient"));
	struct report_saying s = {.address = final.n ? final : original,
				  .alias = final.n && !str_ieq(final, original) ? original : str_n("", 0),
				  .action = word(unfolded(r, f, "Action")),
				  .status = unfolded(r, f, "Status"),
				  .diagnostic = typed_text(unfolded(r, f, "Diagnostic-Code"))};
	size_t at = 0;

	if (!memchr(s.address.p, '@', s.address.n)) { /* a program, or a name: the other may be better */
		struct str actual = typed_address(unfolded(r, f, "X-Actual-Recipient"));
		struct str better = memchr(original.p, '@', original.n) ? original : actual;
		if (report_address(better, &at).n)
			s.address = better, s.alias = str_n("", 0);
	}
	if (!s.diagnostic.n) /* "Status: 5.1.1 (unknown user)" */
		s.diagnostic = memchr(s.status.p, '(', s.status.n) ? s.status : s.diagnostic;
	if (!s.diagnostic.n && r->m->n_recipients < SAID_OF)
		s.diagnostic = report_said_of(r, s.address);
	return report_settle(r, &s);
}

static int group(struct report *r, const struct mail_fields *f)
{
	struct str id = unfolded(r, f, "Original-Envelope-Id");
	struct str sender = typed_address(unfolded(r, f, "X-Postfix-Sender"));

	if (id.n && !r->m->original.envelope_id.n)
		r->m->original.envelope_id = id;
	if (sender.n && !r->m->original.return_path.n)
		r->m->original.return_path = sender;
	if (!header_raw(f, "Final-Recipient").n && !header_raw(f, "Original-Recipient").n)
		return 0;
	return recipient(r, f);
}

/* A group may hold more than one recipient when the empty line between is missing. */
static int split_groups(struct report *r, const struct mail_fields *f)
{
	int from = 0;
	bool action = false, named = false;

	for (int i = 0; i < f->n; i++) {
		bool starts = str_ieq(f->at[i].name, STR("Final-Recipient")) ||
			      str_ieq(f->at[i].name, STR("Original-Recipient"));
		struct mail_fields before = {f->at + from, i - from};
		if (starts && named && action) {
			if (group(r, &before))
				return -1;
			from = i;
			action = named = false;
		}
		named |= starts;
		action |= str_ieq(f->at[i].name, STR("Action")) || str_ieq(f->at[i].name, STR("Status"));
	}
	return f->n ? group(r, &(struct mail_fields){f->at + from, f->n - from}) : 0;
}

static int groups(struct report *r, struct str s)
{
	int n = 0;

	while (s.n && n++ < r->x->limits->addresses * 2) {
		struct mail_fields f;
		bool failed = false;
		struct str rest = header_split(s, r->x->limits->fields, r->x->a, &f, &r->x->defects, &failed);
		if (failed || split_groups(r, &f))
			return -1;
		if (rest.n == s.n) { /* a line that is no field */
			const char *nl = memchr(s.p, '\n', s.n);
			rest = nl ? str_n(nl + 1, (size_t)(s.p + s.n - nl - 1)) : str_n("", 0);
		}
		s = rest;
	}
	return 0;
}

/* Where the fields begin in a text, or nothing. */
static struct str embedded(struct str text)
{
	static const char *const names[] = {"Final-Recipient:", "Original-Recipient:"};
	size_t at = 0;

	while (at < text.n) {
		struct str rest = str_n(text.p + at, text.n - at);
		const char *nl = memchr(rest.p, '\n', rest.n);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			size_t n = strlen(names[i]);
			if (rest.n > n && str_ieq(str_n(rest.p, n), str_n(names[i], n)))
				return rest;
		}
		at = nl ? (size_t)(nl - text.p) + 1 : text.n;
	}
	return str_n("", 0);
}

int report_dsn(struct report *r, bool in_text)
{
	struct part_walk w;
	struct part *p;
	struct str s;

	part_walk_begin(&w, r->root);
	while ((p = part_walk_next(&w))) {
		if (p->kind == PART_MULTI ||
		    !(part_is(p, "message/delivery-status") || part_is(p, "message/global-delivery-status") ||
		      part_is(p, "text/delivery-status")))
			continue;
		s = part_content(r->x, p);
		if (!s.p || groups(r, s))
			return -1;
	}
	if (r->m->n_recipients || !in_text)
		return 0;
	s = embedded(r->text);
	return s.n ? groups(r, s) : 0;
}
