#include "email/classify.h"

#include "email/report.h"
#include "email/robot.h"

/* What speaks for a report of some mail server, added up. */
struct signs {
	bool report;  /* multipart/report, X-Failed-Recipients: made for programs */
	bool machine; /* a daemon sends it, or nobody can answer it */
	bool failure; /* its words are those of failure */
	bool delay;
};

static struct str lower(struct report *r, struct str s)
{
	struct str low = report_lower(r, s, 500);

	return low.p ? low : str_n("", 0);
}

static bool failed_subject(struct str s)
{
	return report_has(
		s, "undeliver|delivery failure|failure notice|delivery status notification|returned mail|returned to "
		   "sender|"
		   "mail delivery fail|delivery fail|delivery has failed|mail failure|delivery notification|"
		   "delivery problem|delivery error|mail system error|nondeliverable|non-deliver|nondelivery|"
		   "could not be delivered|not delivered|message status - undeliver|delivery report|mail delivery|"
		   "failed mail|mail could not be|rejected mail|postmaster notify|mail returned|bounce|"
		   "unzustellbar|nicht zugestellt|nicht zustellbar|mislukt|échec de la remise|non remis|"
		   "impossible de remettre|no se puede entregar|no se ha podido entregar|devuelto|"
		   "mancato recapito|não entregue|falha na entrega|не доставлен|недоставлен|"
		   "niedostarczon|配信不能|配信できません|エラーメール|送信エラー|退信|无法投递|delivery unsuccessful|"
		   "unable to deliver|mail failed|returning to sender|error sending|delivery incomplete|warning: "
		   "message|delivery status report");
}

static bool failed_words(struct str s)
{
	return report_has(
		s,
		"could not be delivered|couldn't be delivered|cannot be delivered|can't be delivered|not delivered|"
		"could not deliver|unable to deliver|wasn't able to deliver|failed to deliver|undeliverable|"
		"wasn't delivered|delivery failed|delivery has failed|delivery to the following|did not reach|"
		"permanent error|permanent fatal error|fatal error|permanent failure|following address|"
		"returned to you|being returned|delivery problem|error delivering|rejected by|was rejected|was refused|"
		"have been rejected|undelivered|following recipient|failed recipient|not be reached|user unknown|"
		"nicht zugestellt|unzustellbar|n'a pas pu être|no se pudo|не может быть доставлен|"
		"host unknown|unknown host|are not a member of|duplicated message-id|no valid recipients|failed "
		"addresses|mailbox full|mailbox is full|unable to "
		"send|delivery error|transcript of session");
}

static bool delay_words(struct str s)
{
	return report_has(
		s, "warning message only|has been delayed|is delayed|delivery delayed|not yet been delivered|not been "
		   "delivered yet|"
		   "will be retried|will retry for|will continue to be|still being tried|still trying|will keep trying|"
		   "no action is required on your part|do not need to resend|temporary problem delivering|"
		   "(delay)|delivery status notification (delay|warning: could not send|wird verzögert|retardé|"
		   "delayed mail|delayed delivery|delivery is delayed|temporarily deferred|temporarily delayed");
}

static bool daemon_sends(struct report *r)
{
	return part_is(r->root, "multipart/report") || str_is(r->m->return_path, "<>") ||
	       robot_daemon(robot_local(r->x, r->m)) || robot_daemon_name(r->x, r->m);
}

static void look(struct report *r, struct signs *s)
{
	const struct mail *m = r->m;
	struct str subject = lower(r, m->subject), text = report_lower(r, r->text, 3000);
	struct str local = robot_local(r->x, m);

	s->report = part_is(r->root, "multipart/report") || header_raw(&m->fields, "X-Failed-Recipients").n;
	s->machine = s->report || daemon_sends(r) || header_raw(&m->fields, "X-MLServer").n ||
		     report_has(lower(r, m->return_path), "mailer-daemon");
	s->failure = failed_subject(subject) || (text.p && failed_words(text));
	s->delay = report_has(subject, "delay|warning: could not send|verzögert|retard|still being retried") ||
		   (text.p && delay_words(text) && !report_has(text, "permanent"));
	if (!s->machine && robot_nobody(local)) /* no-reply@ alone sends invoices too */
		s->machine = r->has_returned && text.p && failed_words(text);
	if (!s->machine && r->has_returned && failed_subject(subject) && text.p && failed_words(text))
		s->machine = !m->in_reply_to.n && !m->references.n && !report_has(subject, "re:|fw:|fwd:");
}

/* Of all recipients: one that failed makes it a bounce. */
static enum mail_class by_recipients(const struct mail *m)
{
	bool delayed = false;

	for (int i = 0; i < m->n_recipients; i++) {
		if (m->recipients[i].bounce != MAIL_BOUNCE_NONE && !m->recipients[i].delayed)
			return MAIL_BOUNCE;
		delayed |= m->recipients[i].delayed;
	}
	return delayed ? MAIL_DELAY : MAIL_AUTO_REPLY;
}

static void make_delay(struct mail *m)
{
	for (int i = 0; i < m->n_recipients; i++) {
		m->recipients[i].delayed = true;
		m->recipients[i].bounce = MAIL_BOUNCE_SOFT;
		if (m->recipients[i].status[0] == '5')
			m->recipients[i].status[0] = '4';
	}
}

static int by_words(struct report *r, bool *found)
{
	struct signs s = {0};

	look(r, &s);
	if (!s.machine || !(s.failure || s.delay))
		return 0;
	if (report_words(r))
		return -1;
	if (!r->m->n_recipients && !(s.report || r->has_returned))
		return 0;
	*found = true;
	if (s.delay)
		make_delay(r->m);
	r->m->class = r->m->n_recipients ? by_recipients(r->m) : s.delay ? MAIL_DELAY : MAIL_BOUNCE;
	return 0;
}

static int by_reports(struct report *r, bool *found)
{
	bool complaint = false;

	if (report_arf(r, &complaint) || (!complaint && report_json(r, &complaint, found)))
		return -1;
	*found |= complaint;
	if (complaint) {
		r->m->class = MAIL_COMPLAINT;
		return 0;
	}
	if (!*found && report_dsn(r, daemon_sends(r)))
		return -1;
	if (!r->m->n_recipients)
		return 0;
	*found = true;
	r->m->class = by_recipients(r->m);
	return 0;
}

/* Most mail is none of this, and need not be searched. */
static bool candidate(struct part_context *x, struct part *root, const struct mail *m)
{
	struct str local = robot_local(x, m), text = str_trim(m->text);

	return part_is(root, "multipart/report") || str_is(m->return_path, "<>") || robot_daemon(local) ||
	       robot_nobody(local) || robot_daemon_name(x, m) || m->auto_submitted.n ||
	       header_raw(&m->fields, "X-Failed-Recipients").n || header_raw(&m->fields, "X-MLServer").n ||
	       robot_attached(root) || (text.n && text.p[0] == '{') || robot_subject_of_failure(x, m) ||
	       memmem(text.p, text.n, "inal-", 5);
}

int classify(struct part_context *x, struct part *root, struct mail *m)
{
	struct mail_original nothing = m->original;
	struct report *r;
	bool found = false;

	m->class = MAIL_MESSAGE;
	if (candidate(x, root, m)) {
		r = arena_alloc(x->a, sizeof *r);
		if (!r || report_begin(r, x, root, m) || by_reports(r, &found) || (!found && by_words(r, &found)))
			return -1;
		if (!found) {
			m->n_recipients = 0;
			m->original = nothing;
		}
	}
	if (!found && robot_answers(x, root, m))
		m->class = MAIL_AUTO_REPLY;
	return 0;
}
