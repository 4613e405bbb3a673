#include "model/address.h"

#include "base/uuid.h"
#include "model/mailbox.h"
#include "model/phone.h"
#include "model/phone_seen.h"

static const char *const words[SCHEME_COUNT] = {"tel", "sender", "short", "mail", "visitor", "sip"};

const char *scheme_word(enum scheme s) { return (unsigned)s < SCHEME_COUNT ? words[s] : "?"; }

bool scheme_parse(struct str s, enum scheme *out)
{
	for (unsigned i = 0; i < SCHEME_COUNT; i++)
		if (str_is(s, words[i])) {
			*out = (enum scheme)i;
			return true;
		}
	return false;
}

enum scheme scheme_of_channel(enum channel c)
{
	switch (c) {
	case CHANNEL_EMAIL: return SCHEME_MAIL;
	case CHANNEL_WEB: return SCHEME_VISITOR;
	default: return SCHEME_TEL;
	}
}

enum channel channel_of_scheme(enum scheme s)
{
	switch (s) {
	case SCHEME_TEL:
	case SCHEME_SENDER:
	case SCHEME_SHORT: return CHANNEL_SMS;
	case SCHEME_MAIL: return CHANNEL_EMAIL;
	case SCHEME_VISITOR: return CHANNEL_WEB;
	case SCHEME_SIP: return CHANNEL_IVR;
	default: return CHANNEL_NONE;
	}
}

static void put(struct address *a, enum scheme s, struct str v)
{
	a->scheme = s;
	memcpy(a->value, v.p, v.n);
	a->value[v.n] = 0;
}

static bool scheme_is(struct str s, const char *word)
{
	size_t n = strlen(word);
	return s.n >= n && str_ieq(str_n(s.p, n), str_n(word, n));
}

static struct str skip(struct str s, size_t n) { return str_n(s.p + n, s.n - n); }

static int parse_phone(struct str text, const char *region, struct address *out, struct err *err)
{
	struct phone p;

	text = str_trim(text);
	if (phone_seen(text)) {
		put(out, SCHEME_TEL, text);
		return 0;
	}
	if (phone_parse(text, region, &p, err))
		return -1;
	if (p.kind == PHONE_ALPHANUMERIC) {
		put(out, SCHEME_SENDER, text);
	} else if (p.kind == PHONE_SHORT) {
		put(out, SCHEME_SHORT, scheme_is(text, "sms:") ? skip(text, 4) : text);
	} else {
		put(out, SCHEME_TEL, str_of(p.e164));
		if (str_is(text, p.e164))
			phone_seen_add(text);
	}
	return 0;
}

static int parse_visitor(struct str text, struct address *out, struct err *err)
{
	struct uuid id;

	if (!uuid_parse(text, &id))
		return err_set(err, ERR_SEMANTIC, "visitor_invalid", NULL, "a web visitor is named by a UUID");
	out->scheme = SCHEME_VISITOR;
	uuid_format(&id, out->value);
	return 0;
}

static int parse_mail(struct str text, struct address *out, struct err *err)
{
	struct buf b;
	int r;

	buf_init(&b, ADDRESS_MAX + 1);
	r = mailbox_normalise(scheme_is(text, "mailto:") ? skip(text, 7) : text, &b, err);
	if (r == 0)
		put(out, SCHEME_MAIL, buf_str(&b));
	buf_free(&b);
	return r;
}

static size_t index_of(struct str s, char c, size_t otherwise)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
	return p ? (size_t)(p - s.p) : otherwise;
}

/* user=phone says that the user part is a telephone-subscriber (RFC 3261 section 19.1.1); one with a plus can be nothing
 * else. */
static bool is_phone(struct str user, struct str parameters)
{
	for (struct str rest = parameters; rest.n; rest = skip(rest, index_of(rest, ';', rest.n - 1) + 1))
		if (str_ieq(str_n(rest.p, index_of(rest, ';', rest.n)), STR("user=phone")))
			return true;
	return user.n > 1 && user.p[0] == '+';
}

static bool sip_char(char c)
{
	unsigned char u = (unsigned char)c;
	return u > 32 && u != 127 && !strchr("<>\"\\^`{|}", c);
}

static bool is_sip(struct str s) { return scheme_is(s, "sip:") || scheme_is(s, "sips:"); }

static int parse_sip(struct str text, const char *region, struct address *out, struct err *err)
{
	struct str uri, parameters = STR(""), user, host;
	size_t at, end;

	uri = is_sip(text) ? skip(text, index_of(text, ':', 0) + 1) : text;
	uri = str_n(uri.p, index_of(uri, '?', uri.n));
	at = index_of(uri, '@', uri.n);
	user = str_n(uri.p, at == uri.n ? 0 : at);
	host = at == uri.n ? uri : skip(uri, at + 1);
	end = index_of(host, ';', host.n);
	if (end < host.n)
		parameters = skip(host, end + 1);
	host = str_n(host.p, end);
	if (host.n && host.p[0] == '[') /* IPv6: the colons within are not the port's */
		host = str_n(host.p, index_of(host, ']', host.n - 1) + 1);
	else
		host = str_n(host.p, index_of(host, ':', host.n));
	user = str_n(user.p, index_of(user, ':', user.n)); /* a password is nobody's business */
	if (is_phone(user, parameters) &&
	    parse_phone(str_n(user.p, index_of(user, ';', user.n)), region, out, NULL) == 0 &&
	    out->scheme == SCHEME_TEL)
		return 0;
	if (user.n == 0 || host.n == 0 || user.n + host.n + 1 > ADDRESS_MAX || !str_utf8_ok(text) ||
	    memchr(text.p, 0, text.n))
		return err_set(err, ERR_SEMANTIC, "sip_invalid", NULL, "a SIP address has the form sip:user@host");
	out->scheme = SCHEME_SIP;
	memcpy(out->value, user.p, user.n);
	out->value[user.n] = '@';
	memcpy(out->value + user.n + 1, host.p, host.n);
	out->value[user.n + host.n + 1] = 0;
	for (char *c = out->value; *c; c++) {
		if (!sip_char(*c))
			return err_set(err, ERR_SEMANTIC, "sip_invalid", NULL,
				       "that character is not allowed in a SIP address");
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	}
	return 0;
}

static int parse_any(struct str text, const char *region, struct address *out, struct err *err)
{
	struct uuid id;

	if (is_sip(text))
		return parse_sip(text, region, out, err);
	if (index_of(text, '@', text.n) < text.n)
		return parse_mail(text, out, err);
	if (uuid_parse(text, &id))
		return parse_visitor(text, out, err);
	return parse_phone(text, region, out, err);
}

int address_parse(enum channel channel, struct str text, const char *region, struct address *out, struct err *err)
{
	text = str_trim(text);
	switch (channel) {
	case CHANNEL_EMAIL: return parse_mail(text, out, err);
	case CHANNEL_WEB: return parse_visitor(text, out, err);
	case CHANNEL_SMS: return parse_phone(text, region, out, err);
	case CHANNEL_IVR:
		if (is_sip(text) || index_of(text, '@', text.n) < text.n)
			return parse_sip(text, region, out, err);
		return parse_phone(text, region, out, err);
	default: return parse_any(text, region, out, err);
	}
}

bool address_identifies(const struct address *a)
{
	struct str v = str_of(a->value);

	switch (a->scheme) {
	case SCHEME_TEL:
	case SCHEME_VISITOR: return true;
	case SCHEME_MAIL: return !mailbox_is_nobody(v);
	case SCHEME_SIP: /* RFC 3323 section 4.1.1.3 */
		return !scheme_is(v, "anonymous@") && !scheme_is(v, "unknown@") && !scheme_is(v, "unavailable@") &&
		       !str_is(skip(v, index_of(v, '@', 0)), "@anonymous.invalid");
	default: return false;
	}
}
