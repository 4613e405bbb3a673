/* What needs no store: answered by the HTTP thread before anything is queued. Field names are those of the API. */
#include "base/clock.h"
#include "outbound/private.h"

enum { TEXT_MAX_ = 64 * 1024, SUBJECT_MAX = 998, ACCOUNT_MAX = 63 };

static int wrong(struct err *err, const char *code, const char *field, const char *what)
{
	return err_set(err, ERR_SEMANTIC, code, field, "%s", what);
}

static size_t code_points(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++)
		str_next(s, &i);
	return n;
}

static int check_times(const struct send_request *r, int64_t now, struct err *err)
{
	int64_t begins = r->send_at > now ? r->send_at : now;

	if (r->send_at > now + 366 * US_DAY)
		return wrong(err, "send_at_too_far", "/send_at", "send_at is more than a year away");
	if (r->expires_at && r->expires_at <= begins)
		return wrong(err, "expires_at_past", "/expires_at", "expires_at lies before the message could be sent");
	return 0;
}

static int check_text(const struct send_request *r, struct err *err)
{
	if (r->template.name.n)
		return r->text.n || r->subject.n ? wrong(err, "text_twice", "/text", "the template has the text") : 0;
	if (str_trim(r->text).n == 0 && r->attachments_n == 0)
		return wrong(err, "text_empty", "/text", "the text is empty");
	if (r->text.n > TEXT_MAX_)
		return wrong(err, "text_too_long", "/text", "the text is longer than 64 KiB");
	if (!str_utf8_ok(r->text) || (r->text.n && memchr(r->text.p, 0, r->text.n)))
		return wrong(err, "text_invalid", "/text", "the text is not UTF-8 without NUL");
	if (r->subject.n > SUBJECT_MAX)
		return wrong(err, "subject_too_long", "/subject", "the subject is longer than 998 bytes");
	return 0;
}

static int check_account(struct outbound *o, const struct send_request *r, struct account_info *a, bool *known,
			 struct err *err)
{
	*known = false;
	if (r->account.n) {
		if (r->account.n > ACCOUNT_MAX || !accounts_get(o->accounts, r->account, a))
			return wrong(err, "account_unknown", "/account", "there is no such channel account");
		*known = true;
		return 0;
	}
	for (size_t k = 0; k < r->channels_n && !*known; k++)
		*known = accounts_pick(o->accounts, r->channels[k], STR(""), a);
	if (r->channels_n && !*known)
		return err_set(err, ERR_SEMANTIC, "channel_unavailable", "/channel",
			       "no channel account of kind \"%s\" is configured", channel_word(r->channels[0]));
	if (!r->channels_n && r->has_address)
		*known = accounts_pick(o->accounts, channel_of_scheme(r->address.scheme), STR(""), a);
	return 0;
}

int outbound_check(struct outbound *o, const struct send_request *r, int64_t now, struct err *err)
{
	struct account_info a;
	bool known;

	if (!r->has_address && uuid_is_nil(&r->customer) && !r->external_customer.n)
		return wrong(err, "to_missing", "/to", "nobody is named to send to");
	if (r->has_address && r->address.scheme == SCHEME_SENDER)
		return wrong(err, "recipient_unreachable", "/to",
			     "a sender's name is not an address: nothing can be sent to it");
	if (check_text(r, err) || check_times(r, now, err) || check_account(o, r, &a, &known, err))
		return -1;
	if (known && a.caps.max_text && r->text.n > a.caps.max_text && code_points(r->text) > a.caps.max_text)
		return err_set(err, ERR_SEMANTIC, "text_too_long", "/text",
			       "the channel takes texts of up to %zu characters", a.caps.max_text);
	if (known && !a.caps.media && r->attachments_n)
		return wrong(err, "media_unsupported", "/attachments", "the channel carries no attachments");
	return 0;
}
