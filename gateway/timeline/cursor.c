#include "timeline/cursor.h"

#include "base/crypto.h"

enum { SHORT = 16, LONG = 24 };

size_t cursor_text(const struct cursor *c, char out[CURSOR_TEXT])
{
	uint8_t raw[LONG];
	struct buf text = {.p = out, .cap = CURSOR_TEXT, .max = CURSOR_TEXT - 1};

	memcpy(raw, c->id.b, SHORT);
	for (int i = 0; i < 8; i++)
		raw[SHORT + i] = (uint8_t)((uint64_t)c->at >> (56 - 8 * i));
	crypto_b64url(&text, raw, c->at ? LONG : SHORT);
	out[text.n] = 0;
	return text.n;
}

bool cursor_parse(struct str s, struct cursor *out)
{
	char room[LONG + 8] = {0}, again[CURSOR_TEXT];
	struct buf raw = {.p = room, .cap = sizeof room, .max = LONG};
	struct cursor c = {0};

	if (s.n == 0 || s.n >= CURSOR_TEXT || !crypto_unb64url(s, &raw) || raw.failed ||
	    (raw.n != SHORT && raw.n != LONG))
		return false;
	memcpy(c.id.b, room, SHORT);
	for (size_t i = SHORT; i < raw.n; i++)
		c.at = (int64_t)((uint64_t)c.at << 8 | (uint8_t)room[i]);
	/* One text for each place: spare bits or a time of 0 written out are not ours. */
	if (!str_eq(s, str_n(again, cursor_text(&c, again))))
		return false;
	*out = c;
	return true;
}
