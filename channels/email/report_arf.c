#include "email/report.h"

/*
 * Complaints: feedback reports (RFC 5965) and the loops that are older: a copy of the mail with a sentence above it
 * (Hotmail's JMRP, AOL's), where the recipient stands in a field of the copy or nowhere.
 */

static struct str unfolded(struct report *r, const struct mail_fields *f, const char *name)
{
	struct str s = header_unfold(header_raw(f, name), r->x->a);

	return s.p ? s : str_n("", 0);
}

static struct str address_in(struct str s)
{
	size_t at = 0;

	return report_address(s, &at);
}

static int complaint_of(struct report *r, struct str address)
{
	struct mail_recipient *p;
	struct report_saying s = {.address = address};

	s.alias = s.action = s.status = s.diagnostic = str_n("", 0);
	if (report_settle(r, &s))
		return -1;
	p = report_find(r, address);
	if (p) {
		p->bounce = MAIL_BOUNCE_NONE;
		p->reason = "complaint";
		p->status[0] = '\0';
	}
	return 0;
}

/* RFC 5965 section 3.1: everything but these two says that a person, or a trap, did not want it. */
static bool is_complaint(struct str type)
{
	return !str_ieq(type, STR("not-spam")) && !str_ieq(type, STR("auth-failure")) && !str_ieq(type, STR("dmarc"));
}

static int feedback(struct report *r, struct part *p, bool *complaint)
{
	struct mail_fields f;
	struct mail_original *o = &r->m->original;
	struct str content = part_content(r->x, p), sender;
	bool failed = false, any = false;

	if (!content.p)
		return -1;
	header_split(content, r->x->limits->fields, r->x->a, &f, &r->x->defects, &failed);
	if (failed)
		return -1;
	o->feedback_type = header_lower(header_raw(&f, "Feedback-Type"), r->x->a);
	if (!o->feedback_type.p)
		return -1;
	if (!is_complaint(o->feedback_type))
		return 0;
	*complaint = true;
	sender = address_in(unfolded(r, &f, "Original-Mail-From"));
	o->return_path = o->return_path.n ? o->return_path : sender;
	if (!o->envelope_id.n)
		o->envelope_id = unfolded(r, &f, "Original-Envelope-Id");
	for (int i = 0; i < f.n; i++) {
		bool to = str_ieq(f.at[i].name, STR("Original-Rcpt-To")) ||
			  str_ieq(f.at[i].name, STR("Removal-Recipient"));
		struct str a = to ? address_in(f.at[i].raw) : str_n("", 0);
		if (a.n && complaint_of(r, a))
			return -1;
		any |= a.n > 0;
	}
	return any ? 0 : complaint_of(r, address_in(o->to));
}

/* "complaint about message from 192.0.2.1" with the message attached, from a desk that does nothing else. */
static bool old_form(struct report *r)
{
	struct str subject = report_lower(r, r->m->subject, 200);
	struct str from = r->m->from.n ? report_lower(r, r->m->from.at[0].address, 200) : str_n("", 0);

	if (!r->has_returned || !subject.p || !from.p)
		return false;
	return report_has(subject, "complaint about message from|abuse report|email feedback report|spam report for") ||
	       report_has(from, "staff@hotmail.com|feedbackloop@|fbl@|scomp@aol|abuse-report@");
}

int report_arf(struct report *r, bool *complaint)
{
	struct mail_original *o = &r->m->original;
	struct part_walk w;
	struct part *p;
	struct str a;

	part_walk_begin(&w, r->root);
	while ((p = part_walk_next(&w)))
		if (part_is(p, "message/feedback-report"))
			return feedback(r, p, complaint);
	if (!old_form(r))
		return 0;
	*complaint = true;
	o->feedback_type = STR("abuse");
	a = address_in(unfolded(r, &o->fields, "X-HmXmrOriginalRecipient"));
	return complaint_of(r, a.n ? a : address_in(o->to));
}
