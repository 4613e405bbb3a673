#include "email/trust.h"

#include <strings.h>

static bool same(struct str a, const char *b) { return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0; }

static struct str domain_of(struct str mailbox)
{
	const char *at = mailbox.n ? memrchr(mailbox.p, '@', mailbox.n) : NULL;
	return at ? str_n(at + 1, (size_t)(mailbox.p + mailbox.n - at - 1)) : (struct str){0};
}

/* One is the other or lies below it (RFC 7489 section 3.1.1, relaxed, without the list of public suffixes: so the signing
 * domain may be above the From's, or the same, but never below it, where strangers may live). */
static bool aligned(struct str from, struct str signer)
{
	if (!signer.n || signer.n > from.n || !memchr(signer.p, '.', signer.n))
		return false;
	if (strncasecmp(from.p + from.n - signer.n, signer.p, signer.n) != 0)
		return false;
	return from.n == signer.n || from.p[from.n - signer.n - 1] == '.';
}

/* Up to the next ';' that is in no comment and no quoted string. */
static struct str clause(struct str *rest)
{
	size_t k = 0;
	int depth = 0;
	bool quoted = false;
	struct str out;

	for (; k < rest->n; k++) {
		char c = rest->p[k];
		if (c == '\\' && (quoted || depth))
			k++;
		else if (c == '"' && !depth)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth)
			depth--;
		else if (c == ';' && !quoted && !depth)
			break;
	}
	if (k > rest->n)
		k = rest->n;
	out = str_trim(str_n(rest->p, k));
	*rest = k < rest->n ? str_n(rest->p + k + 1, rest->n - k - 1) : str_n(rest->p + rest->n, 0);
	return out;
}

/* The next word that is in no comment. */
static bool word(struct str *rest, struct str *out)
{
	size_t k = 0, from;
	int depth = 0;

	for (; k < rest->n; k++) {
		char c = rest->p[k];
		if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (!depth && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
	}
	from = k;
	while (k < rest->n && rest->p[k] != ' ' && rest->p[k] != '\t' && rest->p[k] != '(')
		k++;
	*out = str_n(rest->p + from, k - from);
	*rest = str_n(rest->p + k, rest->n - k);
	return out->n > 0;
}

static bool member(struct str w, const char *name, struct str *value)
{
	size_t n = strlen(name);

	if (w.n <= n || strncasecmp(w.p, name, n) != 0 || w.p[n] != '=')
		return false;
	*value = str_n(w.p + n + 1, w.n - n - 1);
	if (value->n >= 2 && value->p[0] == '"' && value->p[value->n - 1] == '"')
		*value = str_n(value->p + 1, value->n - 2);
	return true;
}

/* "dkim=pass (2048-bit) header.d=example.com" about a From of that domain. */
static bool vouches(struct str c, struct str from)
{
	struct str w, v;
	bool dkim = false;

	while (word(&c, &w)) {
		if (member(w, "dmarc", &v))
			return same(v, "pass");
		if (member(w, "dkim", &v))
			dkim = same(v, "pass");
		else if (dkim && member(w, "header.d", &v) && aligned(from, v))
			return true;
		else if (dkim && member(w, "header.i", &v) && aligned(from, domain_of(v)))
			return true;
	}
	return false;
}

enum mail_trust mail_trust(const struct mail *m, const char *server)
{
	struct str from = m->from.n == 1 ? domain_of(m->from.at[0].address) : (struct str){0};

	if (!server || !server[0])
		return MAIL_UNCHECKED;
	for (int k = 0; k < m->authentication_results.n; k++) {
		struct str rest = m->authentication_results.at[k], head = clause(&rest), id;
		if (!word(&head, &id) || !same(id, server))
			continue;
		while (rest.n)
			if (vouches(clause(&rest), from))
				return from.n ? MAIL_VERIFIED : MAIL_UNVERIFIED;
		return MAIL_UNVERIFIED;
	}
	return MAIL_UNCHECKED;
}

const char *mail_trust_word(enum mail_trust t)
{
	static const char *const words[] = {"unchecked", "unverified", "verified"};
	return words[t];
}
