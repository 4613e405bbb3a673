/*
 * The parts of a long text, as the row keeps them: [{"id":"…","status":"sent"},…]. A text of one part keeps its id only,
 * because its state is the delivery's. The reader knows this writer: it looks for what is written here and for no other
 * JSON; anything else is "no such part".
 */
#include "base/json.h"
#include "outbound/private.h"

void parts_write(struct buf *b, const struct str *ids, size_t n, enum status s)
{
	buf_addc(b, '[');
	for (size_t k = 0; k < n; k++) {
		buf_adds(b, k ? ",{\"id\":" : "{\"id\":");
		json_quote(b, ids[k]);
		if (n > 1) {
			buf_adds(b, ",\"status\":\"");
			buf_adds(b, status_word(s));
			buf_addc(b, '"');
		}
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

static bool skip(struct str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* Up to the closing quote, which is taken away; escapes stay. */
static bool quoted(struct str *s, struct str *out)
{
	size_t i = 0;

	while (i < s->n && s->p[i] != '"')
		i += s->p[i] == '\\' ? 2 : 1;
	if (i >= s->n)
		return false;
	*out = str_n(s->p, i);
	*s = str_n(s->p + i + 1, s->n - i - 1);
	return true;
}

/* The next part; false at the end or where the text is not ours. */
static bool next(struct str *s, struct str *id, enum status *status)
{
	struct str word;

	if (!skip(s, "{\"id\":\"") || !quoted(s, id))
		return false;
	*status = STATUS_NONE;
	if (skip(s, ",\"status\":\"") && (!quoted(s, &word) || !status_parse(word, status)))
		return false;
	return skip(s, "},") || skip(s, "}]");
}

struct str parts_id(struct str parts, int k)
{
	struct str id;
	enum status s;

	if (!skip(&parts, "["))
		return STR("");
	while (next(&parts, &id, &s))
		if (--k == 0)
			return id;
	return STR("");
}

/* One lost part and the text cannot be read; but networks change their mind, so delivered may still come of it. */
static enum status roll_up(int n, int delivered, enum status lost)
{
	if (delivered == n)
		return STATUS_DELIVERED;
	if (lost != STATUS_NONE)
		return lost;
	return delivered ? STATUS_PARTIAL : STATUS_SENT;
}

bool parts_change(struct str parts, int k, enum status s, struct buf *out, enum status *whole)
{
	enum status part, lost = STATUS_NONE;
	int n = 0, delivered = 0;
	struct str id;

	if (!skip(&parts, "["))
		return false;
	buf_addc(out, '[');
	while (next(&parts, &id, &part)) {
		if (++n == k && status_may_follow(part, s))
			part = s;
		delivered += part == STATUS_DELIVERED || part == STATUS_READ;
		if (status_is_final(part) && part < STATUS_DELIVERED && part > lost)
			lost = part;
		buf_adds(out, n > 1 ? ",{\"id\":\"" : "{\"id\":\"");
		buf_addstr(out, id);
		buf_adds(out, "\",\"status\":\"");
		buf_adds(out, status_word(part));
		buf_adds(out, "\"}");
	}
	buf_addc(out, ']');
	*whole = roll_up(n, delivered, lost);
	return k >= 1 && k <= n && !out->failed;
}
