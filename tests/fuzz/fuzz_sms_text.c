/*
 * A text cut into segments and decoded again is the text: in every alphabet, every long form, packed and unpacked. The
 * first two bytes are the options, the rest is the text.
 */
#include <stdlib.h>

#include "sms/coding.h"
#include "sms/segment.h"
#include "sms/smart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What decoding must not be asked to bring back: a byte order mark is none of the text, and a carriage return at the end
 * of packed septets is padding. */
static bool keeps(struct str text)
{
	for (size_t i = 0; i < text.n;) {
		uint32_t cp = str_next(text, &i);
		if (cp == 0xFEFF || cp == 0xFFFE || cp == '\r')
			return false;
	}
	return true;
}

static void decode(const struct segments *s, const struct segment_options *o, struct str units, struct buf *out)
{
	enum sms_alphabet alphabet = o->alphabet == SMS_ALPHABET_PACKED ? SMS_ALPHABET_PACKED : SMS_ALPHABET_GSM;
	size_t header = segment_header(s, o->long_form);
	struct buf packed;

	buf_init(&packed, 1000);
	if (!s->ucs2 && alphabet == SMS_ALPHABET_PACKED) {
		gsm7_pack(units, (unsigned)((7 - header * 8 % 7) % 7), &packed);
		units = buf_str(&packed);
	}
	if (header + units.n > (s->ucs2 || alphabet == SMS_ALPHABET_PACKED ? 140 : 160))
		abort();
	if (!coding_decode(s->ucs2 ? 8 : 0, alphabet, s->tables, header, units, out))
		abort();
	buf_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_options o = {.max = SEGMENTS_MAX};
	struct segments s;
	struct buf units, back, composed;
	struct str text;
	struct err err;

	if (size < 2 || size > 20000)
		return 0;
	o.encoding = data[0] & 1 ? SMS_ENCODING_UCS2 : SMS_ENCODING_AUTO;
	o.alphabet = data[0] & 2 ? SMS_ALPHABET_PACKED : SMS_ALPHABET_GSM;
	o.long_form = (enum sms_long)(data[0] >> 2 & 3);
	o.national = data[1] & 0xE;
	text = str_n((const char *)data + 2, size - 2);
	if (!str_utf8_ok(text) || !keeps(text))
		return 0;
	buf_init(&units, 1 << 20);
	buf_init(&back, 1 << 20);
	buf_init(&composed, size);
	if (smart_compose_text(text, &composed) && (composed.n >= text.n || !str_utf8_ok(buf_str(&composed))))
		abort();
	if (segment_text(&o, text, &units, &s, &err) == 0) {
		for (int i = 0; i < s.n; i++)
			decode(&s, &o, str_n(buf_str(&units).p + s.cut[i], s.cut[i + 1] - s.cut[i]), &back);
		if (!str_eq(buf_str(&back), text))
			abort();
	}
	buf_free(&units);
	buf_free(&back);
	buf_free(&composed);
	return 0;
}
