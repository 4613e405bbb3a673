#include "base/json.h"
#include "email/report.h"

/* Amazon SES tells of bounces, complaints and deliveries by SNS; subscribed by mail, the text of it is a JSON object. */

enum { JSON_MAX = 1 << 20 };

static struct str member(const json_t *o, const char *key, struct arena *a)
{
	const char *s = json_string_value(json_object_get(o, key));
	struct str copy = s ? arena_str(a, str_of(s)) : str_n("", 0);

	return copy.p ? copy : str_n(NULL, 0);
}

static enum reason sub_type(struct str s)
{
	return !s.p								 ? REASON_NONE
	       : str_is(s, "NoEmail")						 ? REASON_USER_UNKNOWN
	       : str_is(s, "MailboxFull")					 ? REASON_MAILBOX_FULL
	       : str_is(s, "MessageTooLarge")					 ? REASON_TOO_BIG
	       : str_is(s, "ContentRejected") || str_is(s, "AttachmentRejected") ? REASON_CONTENT
										 : REASON_NONE;
}

static int one(struct report *r, const json_t *who, const json_t *event, const char *action)
{
	struct arena *a = r->x->a;
	struct report_saying s = {.address = json_is_string(who) ? arena_str(a, str_of(json_string_value(who)))
								 : member(who, "emailAddress", a)};

	s.alias = str_n("", 0);
	s.action = action ? str_of(action) : member(who, "action", a);
	s.status = member(who, "status", a);
	s.diagnostic = member(who, "diagnosticCode", a);
	s.around = sub_type(member(event, "bounceSubType", a));
	if (!s.status.n && str_is(member(event, "bounceType", a), "Transient"))
		s.status = STR("4.0.0");
	if (!s.diagnostic.n && action)
		s.diagnostic = member(event, "smtpResponse", a);
	if (!s.address.p || !s.action.p || !s.status.p || !s.diagnostic.p)
		return -1;
	return report_settle(r, &s);
}

static int all(struct report *r, const json_t *event, const char *list, const char *action)
{
	const json_t *people = json_object_get(event, list), *who;
	size_t i;

	json_array_foreach (people, i, who) {
		if (one(r, who, event, action))
			return -1;
	}
	return 0;
}

static void original(struct report *r, const json_t *mail)
{
	struct mail_original *o = &r->m->original;
	const json_t *headers = json_object_get(mail, "commonHeaders");
	struct str id = member(headers, "messageId", r->x->a);

	o->message_id = id.n ? id : member(mail, "messageId", r->x->a);
	if (o->message_id.n > 1 && o->message_id.p[0] == '<')
		o->message_id = str_n(o->message_id.p + 1, o->message_id.n - 2);
	o->return_path = member(mail, "source", r->x->a);
	o->subject = member(headers, "subject", r->x->a);
	if (!o->message_id.p || !o->return_path.p || !o->subject.p)
		o->message_id = o->return_path = o->subject = str_n("", 0);
}

static int complaints(struct report *r, const json_t *event, bool *complaint)
{
	*complaint = true;
	if (all(r, event, "complainedRecipients", NULL))
		return -1;
	for (int i = 0; i < r->m->n_recipients; i++) {
		r->m->recipients[i].bounce = MAIL_BOUNCE_NONE;
		r->m->recipients[i].reason = "complaint";
		r->m->recipients[i].status[0] = '\0';
	}
	r->m->original.feedback_type = member(event, "complaintFeedbackType", r->x->a);
	return r->m->original.feedback_type.p ? 0 : -1;
}

static int event_of(struct report *r, const json_t *root, bool *complaint, bool *found)
{
	const json_t *bounce = json_object_get(root, "bounce"), *complained = json_object_get(root, "complaint");
	const json_t *delivery = json_object_get(root, "delivery"), *mail = json_object_get(root, "mail");

	if (!json_is_object(mail) || !(bounce || complained || delivery))
		return 0;
	*found = true;
	original(r, mail);
	if (complained)
		return complaints(r, complained, complaint);
	if (bounce)
		return all(r, bounce, "bouncedRecipients", NULL);
	return all(r, delivery, "recipients", "delivered");
}

/* Long lines are broken for the mail, in the midst of strings, where JSON has no line ends. */
static struct str unwrapped(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1), *o = out;
	size_t start = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		if (s.p[i] != '\n') {
			*o++ = s.p[i];
			continue;
		}
		if (i > start + 900 && o[-1] == '!') /* sendmail's mark */
			o--;
		i += i + 1 < s.n && s.p[i + 1] == ' ';
		start = i + 1;
	}
	return str_n(out, (size_t)(o - out));
}

int report_json(struct report *r, bool *complaint, bool *found)
{
	struct str s = str_trim(r->m->text);
	const char *end;
	json_t *root = NULL, *wrapped = NULL;
	const char *inner;
	struct err e = {0};
	int rc;

	if (s.n < 2 || s.p[0] != '{' || s.n > JSON_MAX || !memmem(s.p, s.n, "ecipients", 9))
		return 0;
	end = memmem(s.p, s.n, "\n--\n", 4); /* how to unsubscribe */
	s = unwrapped(str_trim(str_n(s.p, end ? (size_t)(end - s.p) : s.n)), r->x->a);
	if (!s.p)
		return -1;
	if (json_read(s, 16, &root, &e))
		return 0;
	inner = json_string_value(json_object_get(root, "Message")); /* as SNS wraps it */
	if (inner && json_read(str_of(inner), 16, &wrapped, &e) == 0) {
		json_decref(root);
		root = wrapped;
	}
	rc = event_of(r, root, complaint, found);
	json_decref(root);
	return rc;
}
