#include "model/address.h"

#include <stdio.h>

#include "base/uuid.h"
#include "model/phone.h"

static const char *const words[] = {"tel", "sender", "short", "mail", "visitor", "sip"};

const char *scheme_word(enum scheme s) { return (unsigned)s < sizeof words / sizeof *words ? words[s] : "?"; }

bool scheme_parse(struct str s, enum scheme *out)
{
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (str_is(s, words[i])) {
			*out = (enum scheme)i;
			return true;
		}
	return false;
}

enum scheme scheme_of_channel(enum channel c)
{
	return c == CHANNEL_EMAIL ? SCHEME_MAIL : c == CHANNEL_WEB ? SCHEME_VISITOR : SCHEME_TEL;
}

enum channel channel_of_scheme(enum scheme s)
{
	static const enum channel channels[] = {CHANNEL_SMS, CHANNEL_SMS, CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_WEB, CHANNEL_IVR};
	return (unsigned)s < sizeof channels / sizeof *channels ? channels[s] : CHANNEL_NONE;
}

static int phone_address(struct str text, const char *region, struct address *out, struct err *err)
{
	struct phone p;

	if (phone_parse(text, region, &p, err))
		return -1;
	if (p.e164[0]) {
		out->scheme = SCHEME_TEL;
		snprintf(out->value, sizeof out->value, "%s", p.e164);
		return 0;
	}
	text = str_trim(text);
	out->scheme = p.kind == PHONE_SHORT ? SCHEME_SHORT : SCHEME_SENDER;
	memcpy(out->value, text.p, text.n); /* at most 100 bytes: phone_parse has seen to it */
	return 0;
}

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/* RFC 5321 section 4.1.2 as far as it matters here: one local part, one domain with a dot or a literal, no white space or
 * control characters, lengths of section 4.5.3.1. Both parts are folded: two mailboxes that differ only in case have not
 * been seen in the wild, one person written two ways is seen daily. */
static int mail_address(struct str text, struct address *out, struct err *err)
{
	const char *at;
	size_t local;

	text = str_trim(text);
	if (text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = str_n(text.p + 1, text.n - 2);
	at = text.n ? memrchr(text.p, '@', text.n) : NULL;
	local = at ? (size_t)(at - text.p) : 0;
	if (!at || local == 0 || local > 64 || text.n - local - 1 < 1 || text.n > 254 || !str_utf8_ok(text))
		return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL, "not a mailbox (local-part@domain)");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= ' ' || c == 0x7f || strchr("<>()[],;:\\\"", c))
			return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL, "a mailbox has no spaces or brackets");
		out->value[i] = lower(text.p[i]);
	}
	if (memchr(text.p, '@', local) || out->value[local + 1] == '.' || out->value[text.n - 1] == '.')
		return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL, "the domain of the mailbox is not one");
	out->scheme = SCHEME_MAIL;
	return 0;
}

static int visitor_address(struct str text, struct address *out, struct err *err)
{
	struct uuid id;

	if (!uuid_parse(text, &id))
		return err_set(err, ERR_SEMANTIC, "visitor_invalid", NULL, "a web visitor is named by a UUID");
	out->scheme = SCHEME_VISITOR;
	uuid_format(&id, out->value);
	return 0;
}

int address_parse(enum channel channel, struct str text, const char *region, struct address *out, struct err *err)
{
	struct address a = {0};
	int r;

	switch (channel) {
	case CHANNEL_EMAIL:
		r = mail_address(text, &a, err);
		break;
	case CHANNEL_WEB:
		r = visitor_address(text, &a, err);
		break;
	default:
		r = phone_address(text, region, &a, err);
	}
	if (r == 0)
		*out = a;
	return r;
}
