#include "outbound/receipt_match.h"

#define ALIAS '\x01'

static const char *const words[] = {"exact", "case", "zeros", "hex_dec", "uncertain"};

const char *receipt_rule_word(enum receipt_rule r) { return words[r]; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Lower case without leading zeros, behind the mark. */
static struct str canonical(struct str id, char room[RECEIPT_ID_MAX + 2])
{
	size_t n = 0;

	while (id.n > 1 && id.p[0] == '0') {
		id.p++;
		id.n--;
	}
	room[n++] = ALIAS;
	for (size_t i = 0; i < id.n; i++)
		room[n++] = lower(id.p[i]);
	return str_n(room, n);
}

bool receipt_alias(struct str id, char room[RECEIPT_ID_MAX + 2], struct str *out)
{
	if (id.n == 0 || id.n > RECEIPT_ID_MAX)
		return false;
	*out = canonical(id, room);
	return !str_eq(str_n(out->p + 1, out->n - 1), id);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Reads up to 128 bits; false: no such number. */
static bool number(struct str id, unsigned base, unsigned __int128 *out)
{
	unsigned __int128 v = 0, limit = ~(unsigned __int128)0;

	for (size_t i = 0; i < id.n; i++) {
		unsigned d = (unsigned)digit(id.p[i]);
		if (d >= base || v > (limit - d) / base)
			return false;
		v = v * base + d;
	}
	*out = v;
	return id.n > 0;
}

static struct str write(unsigned __int128 v, unsigned base, char room[RECEIPT_ID_MAX + 2])
{
	char turned[44];
	size_t n = 0, k = 0;

	do
		turned[n++] = "0123456789abcdef"[(unsigned)(v % base)];
	while ((v /= base));
	while (n)
		room[k++] = turned[--n];
	return str_n(room, k);
}

/* v in canonical form, as it would be stored itself, or as the alias of another writing. */
static void add_canonical(struct receipt_forms *out, struct str plain, bool base)
{
	struct str alias = canonical(plain, out->room[out->rooms++]);

	out->v[out->n++] = (struct receipt_form){str_n(alias.p + 1, alias.n - 1), base};
	out->v[out->n++] = (struct receipt_form){alias, base};
}

void receipt_forms(struct str id, struct receipt_forms *out)
{
	unsigned __int128 v;
	char room[RECEIPT_ID_MAX + 2];

	out->n = out->rooms = 0;
	out->v[out->n++] = (struct receipt_form){id, false};
	if (id.n == 0 || id.n > RECEIPT_ID_MAX)
		return;
	add_canonical(out, id, false);
	if (str_eq(out->v[1].ref, id)) { /* its own canonical form: tried already */
		out->v[1] = out->v[2];
		out->n--;
	}
	if (number(id, 10, &v))
		add_canonical(out, write(v, 16, room), true);
	if (number(id, 16, &v))
		add_canonical(out, write(v, 10, room), true);
}

enum receipt_rule receipt_rule(struct str id, struct str stored, bool base)
{
	if (base)
		return RULE_BASE;
	if (str_eq(id, stored))
		return RULE_EXACT;
	return str_ieq(id, stored) ? RULE_CASE : RULE_ZEROS;
}
