/*
 * A recipient refused for good while we speak with the host is a hard bounce like one that comes back later by mail, and is
 * judged by the same words (reason.h): only what speaks of the address itself stops mail to it.
 */
#include "base/json.h"
#include "email/account.h"
#include "email/reason.h"

enum { ALL_PURPOSES = 1 << PURPOSE_SERVICE | 1 << PURPOSE_MARKETING | 1 << PURPOSE_SURVEY };

/* Lower case, single spaces: as reason_of_text wants it. */
static struct str fold(const char *text, char room[REPLY_TEXT])
{
	size_t n = 0;

	for (; *text && n < REPLY_TEXT - 1; text++)
		if (*text != ' ' || (n && room[n - 1] != ' '))
			room[n++] = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
	return str_n(room, n);
}

static enum reason reason_of(const struct smtp_reply *r)
{
	char room[REPLY_TEXT];
	enum reason by_text = reason_of_text(fold(r->text, room));

	return by_text == REASON_NONE && r->enhanced[0] ? reason_of_status(r->enhanced) : by_text;
}

void suppress_if_hard(struct letter *l, const struct smtp_reply *r)
{
	struct account *a = l->a;
	enum reason why = reason_of(r);
	struct inbound in = {.channel = CHANNEL_EMAIL, .account = str_of(a->host->name), .from = l->to};
	struct json_out j;
	struct buf b;

	a->host->count(a->host->self, "email_bounces_total", reason_is_hard(why) ? "hard" : "soft", 1);
	if (!reason_is_hard(why))
		return;
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_uuid(&j, "message", &l->id.message);
	json_cstr(&j, "status", r->enhanced);
	json_cstr(&j, "reason", reason_word(why));
	json_cstr(&j, "diagnostic", r->text);
	json_end(&j);
	in.metadata = b.failed ? STR("{}") : buf_str(&b);
	in.consent.purposes = ALL_PURPOSES;
	in.consent.state = CONSENT_OUT;
	in.consent.source = "hard_bounce";
	a->host->received(a->host->self, &in, NULL, NULL);
	buf_free(&b);
}
