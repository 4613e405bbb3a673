/* See segment.h. Tried in order: the default alphabet, with replacements, national tables (the best of them), UCS-2. */
#include "sms/segment.h"

#include "sms/smart.h"

enum { OCTETS = 140, LOOK_BACK = 20 };

/* ---- encoding ---- */

static int septets_of(const struct segment_options *o, struct gsm7 g, uint32_t cp)
{
	if (o->alphabet == SMS_ALPHABET_LATIN1 && cp > 0xFF)
		return GSM7_NONE; /* the SMSC could not be told */
	return gsm7_septets(g, cp);
}

static void put_septets(struct buf *out, int v)
{
	if (v > 0x7F)
		buf_addc(out, GSM7_ESC);
	buf_addc(out, (char)(v & 0x7F));
}

/* False: a character has no place in these tables (and none may stand in for it). */
static bool to_gsm7(const struct segment_options *o, struct gsm7 g, bool smart, bool force, struct str text,
		    struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < text.n;) {
		size_t run = i;
		uint32_t cp;
		const char *other;
		int v;
		while (run < text.n && gsm7_is_plain((uint8_t)text.p[run]))
			run++;
		buf_add(out, text.p + i, run - i);
		i = run;
		if (i == text.n)
			break;
		cp = str_next(text, &i);
		v = septets_of(o, g, cp);
		other = v == GSM7_NONE && smart ? smart_look_alike(cp) : NULL;
		if (other)
			buf_adds(out, other); /* all of these are plain */
		else if (v != GSM7_NONE)
			put_septets(out, v);
		else if (force)
			buf_addc(out, '?');
		else
			return false;
	}
	return true;
}

static void to_ucs2(struct str text, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < text.n;) {
		uint32_t cp = str_next(text, &i), high = 0xD800 + ((cp - 0x10000) >> 10);
		char two[4] = {(char)(cp >> 8), (char)cp, 0, 0};
		if (cp < 0x10000) {
			buf_add(out, two, 2);
			continue;
		}
		two[0] = (char)(high >> 8);
		two[1] = (char)high;
		two[2] = (char)(0xDC | ((cp >> 8) & 3));
		two[3] = (char)cp;
		buf_add(out, two, 4);
	}
}

/* ---- cutting ---- */

static size_t header_octets(struct gsm7 g, bool many, enum sms_long form)
{
	size_t n = (g.locking ? 3u : 0u) + (g.single ? 3u : 0u);

	if (many)
		n += form == SMS_LONG_UDH16 ? 6 : 5;
	return n ? n + 1 : 0;
}

size_t segment_header(const struct segments *s, enum sms_long form)
{
	return header_octets(s->tables, s->n > 1 && (form == SMS_LONG_UDH8 || form == SMS_LONG_UDH16), form);
}

static size_t capacity(bool ucs2, size_t header)
{
	size_t octets = OCTETS - header;

	return ucs2 ? octets & ~(size_t)1 : octets * 8 / 7;
}

static uint32_t code_at(struct str units, size_t at)
{
	const uint8_t *p = (const uint8_t *)units.p + at;
	uint32_t v = (uint32_t)p[0] << 8 | p[1];

	if ((v & 0xFC00) == 0xD800 && at + 3 < units.n)
		v = 0x10000 + ((v & 0x3FF) << 10) + (((uint32_t)p[2] & 3) << 8 | p[3]);
	return v;
}

/* Combining marks, variation selectors, joiners, skin tones, tags: they belong to what stands before them. */
static bool extends(uint32_t cp)
{
	static const struct {
		uint32_t from, to;
	} v[] = {{0x0300, 0x036F},   {0x0483, 0x0489},	 {0x0591, 0x05BD},  {0x064B, 0x065F}, {0x0670, 0x0670},
		 {0x093A, 0x094F},   {0x0E31, 0x0E31},	 {0x0E34, 0x0E3A},  {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
		 {0x1DC0, 0x1DFF},   {0x200D, 0x200D},	 {0x20D0, 0x20FF},  {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
		 {0x1F3FB, 0x1F3FF}, {0xE0020, 0xE007F}, {0xE0100, 0xE01EF}};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		if (cp >= v[i].from && cp <= v[i].to)
			return true;
	return false;
}

static bool is_flag(uint32_t cp) { return cp >= 0x1F1E6 && cp <= 0x1F1FF; }

/* May a segment end before `at`? What the reader sees as one character should arrive in one piece: a handset that lacks
 * the other part still shows this one, and some show each part before they have all. */
static bool parts_at(struct str units, size_t from, size_t at)
{
	size_t flags = 0;

	if (extends(code_at(units, at)) || (at >= from + 2 && code_at(units, at - 2) == 0x200D))
		return false;
	if (!is_flag(code_at(units, at)))
		return true;
	while (at >= from + 4 * (flags + 1) && is_flag(code_at(units, at - 4 * (flags + 1))))
		flags++;
	return flags % 2 == 0;
}

static size_t cut_ucs2(struct str units, size_t from, size_t to)
{
	size_t at;

	if (((uint8_t)units.p[to] & 0xFC) == 0xDC && ((uint8_t)units.p[to - 2] & 0xFC) == 0xD8)
		to -= 2;
	for (at = to; at > from && to - at <= 2 * LOOK_BACK; at -= 2) {
		bool middle = at >= from + 2 && ((uint8_t)units.p[at] & 0xFC) == 0xDC;
		if (!middle && parts_at(units, from, at))
			return at;
	}
	return to; /* longer than any character: then between two code points */
}

static size_t cut_at(bool ucs2, struct str units, size_t from, size_t room)
{
	size_t to = from + room;

	if (to >= units.n)
		return units.n;
	if (!ucs2)
		return units.p[to - 1] == GSM7_ESC ? to - 1 : to;
	return cut_ucs2(units, from, to);
}

/* Fills n, cut and units of `out`, whose alphabet is set. -1: over SEGMENTS_MAX. */
static int cut(enum sms_long form, struct str units, struct segments *out)
{
	size_t room = capacity(out->ucs2, header_octets(out->tables, false, form)), at = 0;

	out->units = (uint32_t)units.n;
	out->n = 0;
	out->cut[0] = 0;
	if (units.n > room)
		room = capacity(out->ucs2, header_octets(out->tables, true, form));
	do {
		if (out->n == SEGMENTS_MAX)
			return -1;
		at = cut_at(out->ucs2, units, at, room);
		out->cut[++out->n] = (uint32_t)at;
	} while (at < units.n);
	return 0;
}

/* ---- choosing ---- */

static const char *name_of(struct gsm7 g)
{
	static const char *const names[] = {"gsm7", "gsm7-tr", "gsm7-es", "gsm7-pt"};

	return names[g.single ? g.single : g.locking];
}

/* The national tables that take the fewest segments; a single shift goes first, since more handsets have it. */
static bool try_national(const struct segment_options *o, struct str text, struct buf *units, struct segments *out)
{
	struct gsm7 best = {0, 0};
	int best_n = SEGMENTS_MAX + 1;

	if (o->alphabet == SMS_ALPHABET_LATIN1)
		return false;
	for (unsigned language = 1; language <= GSM7_PORTUGUESE; language++)
		for (int form = 0; form < 3 && o->national & 1u << language; form++) {
			struct gsm7 g = {(uint8_t)(form ? language : 0), (uint8_t)(form != 1 ? language : 0)};
			if (g.locking == GSM7_SPANISH || !to_gsm7(o, g, o->smart, false, text, units))
				continue;
			out->tables = g;
			if (cut(o->long_form, buf_str(units), out) || out->n >= best_n)
				continue;
			best = g;
			best_n = out->n;
		}
	out->tables = best;
	return best_n <= SEGMENTS_MAX && to_gsm7(o, best, o->smart, false, text, units);
}

static void choose(const struct segment_options *o, struct str text, struct buf *units, struct segments *out)
{
	static const struct gsm7 plain = {0, 0};
	bool gsm7 = false;

	out->tables = plain;
	out->ucs2 = false;
	if (o->encoding != SMS_ENCODING_UCS2)
		gsm7 = to_gsm7(o, plain, false, false, text, units) ||
		       (o->smart && to_gsm7(o, plain, true, false, text, units)) ||
		       (o->national && try_national(o, text, units, out));
	if (!gsm7 && o->encoding == SMS_ENCODING_GSM7) {
		out->tables = plain;
		gsm7 = to_gsm7(o, plain, o->smart, true, text, units);
	}
	if (!gsm7) {
		out->tables = plain;
		out->ucs2 = true;
		to_ucs2(text, units);
	}
	out->encoding = out->ucs2 ? "ucs2" : name_of(out->tables);
}

int segment_text(const struct segment_options *o, struct str text, struct buf *units, struct segments *out,
		 struct err *err)
{
	struct buf composed;
	bool failed;

	buf_init(&composed, text.n);
	if (o->smart && text.n && memchr(text.p, 0xCC, text.n) && smart_compose_text(text, &composed))
		text = buf_str(&composed);
	choose(o, text, units, out);
	failed = units->failed || composed.failed;
	buf_free(&composed);
	if (failed)
		return err_nomem(err);
	if (cut(o->long_form, buf_str(units), out) || out->n > o->max)
		return err_set(err, ERR_SEMANTIC, "too_long", "text", "the text needs more than %d segments", o->max);
	return 0;
}

struct segment_options segment_options(const struct sms_settings *s)
{
	struct segment_options o = {
		.encoding = (enum sms_encoding)s->encoding,
		.alphabet = (enum sms_alphabet)s->alphabet,
		.long_form = (enum sms_long)s->long_form,
		.smart = s->smart,
		.max = (int)s->max_segments,
	};
	size_t pos = 0;
	struct str word;

	while (s->national && settings_list_next(s->national, &pos, &word))
		o.national |= 1u << gsm7_language(word);
	o.national &= ~1u;
	return o;
}
