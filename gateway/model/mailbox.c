#include "model/mailbox.h"

enum {
	LOCAL_MAX = 64,
	MAILBOX_MAX = 254,
	LABEL_MAX = 63
}; /* octets, RFC 5321 section 4.5.3.1 and RFC 1035 section 2.3.4 */

static bool alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
}

static bool atext(unsigned char c) { return alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c)); }

static bool dot_string(struct str s)
{
	bool dot = true;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '.' ? dot : !atext(c))
			return false;
		dot = c == '.';
	}
	return s.n && !dot;
}

static bool quoted_string(struct str s)
{
	if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return false;
	for (size_t i = 1; i < s.n - 1; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\\' && ++i < s.n - 1)
			c = (unsigned char)s.p[i];
		else if (c == '"' || c == '\\')
			return false;
		if (c < 32 || c == 127)
			return false;
	}
	return true;
}

static bool domain_name(struct str s)
{
	size_t label = 0;
	char before = '.';

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.') {
			if (label == 0 || before == '-')
				return false;
			label = 0;
		} else if (!(alnum((unsigned char)c) || (c == '-' && label)) || ++label > LABEL_MAX) {
			return false;
		}
		before = c;
	}
	return label && before != '-';
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
static bool address_literal(struct str s)
{
	if (s.n < 4 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i < s.n - 1; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 128 || !(alnum(c) || c == '.' || c == ':'))
			return false;
	}
	return true;
}

/* The last @ outside of quotes; a quoted local part may hold more of them. */
static size_t at_sign(struct str s)
{
	size_t i = s.n;

	while (i > 0 && s.p[i - 1] != '@')
		i--;
	return i ? i - 1 : s.n;
}

static int invalid(struct err *err)
{
	return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL, "that is not a mail address");
}

int mailbox_normalise(struct str text, struct buf *out, struct err *err)
{
	struct str local, domain;
	size_t at;

	text = str_trim(text);
	if (text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = str_n(text.p + 1, text.n - 2);
	if (text.n > 1 && text.p[text.n - 1] == '.')
		text.n--;
	at = at_sign(text);
	if (at == text.n || text.n > MAILBOX_MAX || at > LOCAL_MAX || !str_utf8_ok(text))
		return invalid(err);
	local = str_n(text.p, at);
	domain = str_n(text.p + at + 1, text.n - at - 1);
	if (!(dot_string(local) || quoted_string(local)) || !(domain_name(domain) || address_literal(domain)))
		return invalid(err);
	for (size_t i = 0; i < text.n; i++)
		buf_addc(out, text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i]);
	return out->failed ? err_nomem(err) : 0;
}

bool mailbox_is_nobody(struct str mailbox)
{
	static const char *const roles[] = {"noreply",	  "donotreply", "dontreply",	 "mailerdaemon",
					    "postmaster", "bounce",	"bounces",	 "nobody",
					    "daemon",	  "autoreply",	"autoresponder", "notreply"};
	char plain[LOCAL_MAX + 1];
	size_t n = 0;

	/* "no-reply", "no_reply" and "no.reply" are one word; what follows a plus is a detail (RFC 5233). */
	for (size_t i = 0; i < mailbox.n && mailbox.p[i] != '@' && mailbox.p[i] != '+' && n < LOCAL_MAX; i++)
		if (!strchr("-_.", mailbox.p[i]))
			plain[n++] = mailbox.p[i];
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (str_ieq(str_n(plain, n), str_of(roles[i])))
			return true;
	return false;
}
