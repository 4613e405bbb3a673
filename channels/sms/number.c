/* See number.h. One place for each hash value; a newcomer takes the place. */
#include "sms/number.h"

#include <stdlib.h>

enum { PLACES = 256, TEXT_MAX = 22, TON_INTERNATIONAL = 1, TON_ALPHANUMERIC = 5 };

struct numbers {
	const char *region;
	struct place {
		uint8_t ton, n; /* n 0: free */
		char text[TEXT_MAX];
		struct address address;
	} v[PLACES];
};

struct numbers *numbers_new(const char *region)
{
	struct numbers *n = calloc(1, sizeof *n);

	if (n)
		n->region = region;
	return n;
}

void numbers_free(struct numbers **n)
{
	free(*n);
	*n = NULL;
}

static void as_it_is(struct str s, struct address *out)
{
	size_t n = s.n < ADDRESS_MAX ? s.n : ADDRESS_MAX;

	*out = (struct address){.scheme = SCHEME_SENDER};
	for (size_t i = 0; i < n; i++)
		out->value[i] = s.p[i] >= ' ' && s.p[i] < 0x7F ? s.p[i] : '?';
}

static bool parse(const char *region, struct str s, uint8_t ton, struct address *out)
{
	char text[TEXT_MAX + 1];

	if (ton == TON_ALPHANUMERIC || !s.n)
		return false;
	if (ton == TON_INTERNATIONAL && s.p[0] != '+') {
		text[0] = '+';
		memcpy(text + 1, s.p, s.n);
		if (address_parse(CHANNEL_SMS, str_n(text, s.n + 1), region, out, NULL) == 0)
			return true; /* else perhaps a short code with the wrong type */
	}
	return address_parse(CHANNEL_SMS, s, region, out, NULL) == 0;
}

void numbers_read(struct numbers *n, struct str s, uint8_t ton, struct address *out)
{
	uint32_t h = 2166136261u ^ ton;
	struct place *p;

	if (s.n > TEXT_MAX) {
		as_it_is(s, out);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	p = &n->v[(h ^ h >> 16) % PLACES];
	if (!p->n || p->ton != ton || !str_eq(str_n(p->text, p->n), s)) {
		if (!parse(n->region, s, ton, &p->address))
			as_it_is(s, &p->address);
		p->ton = ton;
		p->n = (uint8_t)s.n;
		if (s.n)
			memcpy(p->text, s.p, s.n);
	}
	out->scheme = p->address.scheme;
	memcpy(out->value, p->address.value, strlen(p->address.value) + 1);
}
