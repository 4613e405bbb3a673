/* Who sent it, in one form. */
#include "intake/stages.h"

struct str sender_key(const struct address *a, char out[SENDER_MAX])
{
	struct buf b = {.p = out, .cap = SENDER_MAX, .max = SENDER_MAX - 1};

	buf_adds(&b, scheme_word(a->scheme));
	buf_addc(&b, ':');
	buf_adds(&b, a->value);
	return buf_str(&b);
}

bool sender_parse(struct str key, struct address *out)
{
	const char *colon = key.n ? memchr(key.p, ':', key.n) : NULL;
	size_t n = colon ? (size_t)(colon - key.p) : 0;

	if (!colon || key.n - n - 1 > ADDRESS_MAX || !scheme_parse(str_n(key.p, n), &out->scheme))
		return false;
	memcpy(out->value, colon + 1, key.n - n - 1);
	out->value[key.n - n - 1] = 0;
	return true;
}

static bool clean_number(const char *v)
{
	size_t n = strspn(v + (*v == '+'), "0123456789");
	return *v == '+' && n >= 7 && n <= 15 && v[n + 1] == 0;
}

/* Neither number nor name by any rule, and yet somebody said something: kept under the text as it is. */
static int keep_apart(struct pass *p, struct address *a)
{
	struct str v = str_trim(str_of(a->value));
	struct address apart = {.scheme = SCHEME_SENDER};
	bool visible = false;

	for (size_t i = 0; i < v.n; i++)
		visible = visible || (unsigned char)v.p[i] > ' ';
	if (!visible || !str_utf8_ok(v))
		return err_set(p->err, ERR_SEMANTIC, "sender_unusable", NULL, "the sender has no address");
	memcpy(apart.value, v.p, v.n);
	*a = apart;
	return 0;
}

int sender_normalise(struct pass *p, struct inbound *in)
{
	struct address a;

	if (in->from.scheme == SCHEME_VISITOR || in->from.scheme == SCHEME_SIP || in->from.scheme == SCHEME_MAIL)
		return in->from.value[0] ? 0 : keep_apart(p, &in->from);
	if (in->from.scheme == SCHEME_TEL && clean_number(in->from.value))
		return 0;
	if (in->from.scheme == SCHEME_TEL &&
	    address_parse(CHANNEL_SMS, str_of(in->from.value), p->k->region, &a, NULL) == 0) {
		in->from = a;
		return 0;
	}
	if (in->from.scheme == SCHEME_SHORT && in->from.value[0])
		return 0;
	return keep_apart(p, &in->from);
}
