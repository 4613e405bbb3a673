#include "ivr/sip/keys.h"

static const char codes[] = "0123456789*#ABCD"; /* RFC 4733 section 3.2, table 3 */

char key_event(struct key_events *k, uint32_t ts, const uint8_t *p, size_t n)
{
	if (n < 4 || p[0] >= sizeof codes - 1)
		return 0;
	uint16_t duration = (uint16_t)(p[2] << 8 | p[3]);
	bool end = p[1] & 0x80;
	bool older = k->any && (int32_t)(ts - k->ts) < 0;
	bool same = k->any && ts == k->ts;
	/* A key held for longer than the duration can say goes on in a segment of its own (section 2.5.1.3). */
	bool segment = k->any && !k->ended && p[0] == k->code && k->duration > 0xf000 && ts - k->ts <= 0xffff;

	if (older)
		return 0;
	k->ended = end || (same && k->ended);
	k->ts = ts;
	k->code = p[0];
	k->duration = duration;
	k->any = true;
	return same || segment ? 0 : codes[p[0]];
}

static char key_of(struct str s)
{
	int64_t v;

	s = str_trim(s);
	if (s.n == 2 && str_i64(s, &v) && v >= 10 && v <= 15)
		return codes[v];
	if (s.n != 1)
		return 0;
	char c = s.p[0] >= 'a' && s.p[0] <= 'd' ? (char)(s.p[0] - 32) : s.p[0];

	return c && memchr(codes, c, sizeof codes - 1) ? c : 0;
}

char key_info(struct str type, struct str body)
{
	if (str_ieq(type, STR("application/dtmf")))
		return key_of(body);
	if (!str_ieq(type, STR("application/dtmf-relay")))
		return 0;
	while (body.n) {
		const char *nl = memchr(body.p, '\n', body.n);
		struct str line = str_n(body.p, nl ? (size_t)(nl - body.p) : body.n);
		const char *eq = memchr(line.p, '=', line.n);

		if (eq && str_ieq(str_trim(str_n(line.p, (size_t)(eq - line.p))), STR("Signal")))
			return key_of(str_n(eq + 1, line.n - (size_t)(eq + 1 - line.p)));
		body = str_n(body.p + line.n + (nl ? 1 : 0), body.n - line.n - (nl ? 1 : 0));
	}
	return 0;
}
