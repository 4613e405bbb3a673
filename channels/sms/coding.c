/* See coding.h. The rare national character sets are left to iconv(3). */
#include "sms/coding.h"

#include <errno.h>
#include <iconv.h>

static const struct {
	uint8_t data_coding;
	const char *charset;
} others[] = {
	{5, "SHIFT_JIS"}, /* JIS X 0208-1990: what the field means by it */
	{6, "ISO-8859-5"}, {7, "ISO-8859-8"}, {10, "ISO-2022-JP"}, {13, "EUC-JP"}, /* extended kanji, JIS X 0212-1990 */
	{14, "EUC-KR"},								   /* KS C 5601 */
};

static enum coding of_alphabet(unsigned bits)
{
	static const enum coding v[] = {CODING_DEFAULT, CODING_BINARY, CODING_UCS2, CODING_DEFAULT};

	return v[bits & 3];
}

enum coding coding_of(uint8_t dc)
{
	switch (dc >> 4) {
	case 0x0:
		switch (dc) {
		case 1: return CODING_ASCII;
		case 3: return CODING_LATIN1;
		case 2:
		case 4:
		case 9: return CODING_BINARY;
		case 8: return CODING_UCS2;
		case 5:
		case 6:
		case 7:
		case 10:
		case 13:
		case 14: return CODING_OTHER;
		default: return CODING_DEFAULT;
		}
	case 0x1: /* general, with class (flash) */
	case 0x4: /* the same, to be deleted when read */
	case 0x5: return of_alphabet(dc >> 2);
	case 0x2:
	case 0x3:
	case 0x6:
	case 0x7: return CODING_BINARY; /* compressed (TS 23.042) */
	case 0xE: return CODING_UCS2;	/* message waiting; C and D are in the default alphabet */
	case 0xF: return dc & 4 ? CODING_BINARY : CODING_DEFAULT;
	default: return CODING_DEFAULT; /* "reserved codings shall be assumed to be the GSM 7 bit default alphabet" */
	}
}

static uint32_t unit(const uint8_t *p, bool little) { return (uint32_t)p[little] << 8 | p[!little]; }

/* Big-endian, unless a byte order mark says otherwise; the mark is no text. Surrogate pairs are what UCS-2 means today. */
static void ucs2(struct str s, struct buf *out)
{
	const uint8_t *p = (const uint8_t *)s.p;
	bool little = s.n >= 2 && p[0] == 0xFF && p[1] == 0xFE,
	     marked = little || (s.n >= 2 && p[0] == 0xFE && p[1] == 0xFF);

	for (size_t i = marked ? 2 : 0; i + 1 < s.n; i += 2) {
		uint32_t cp = unit(p + i, little), low = i + 3 < s.n ? unit(p + i + 2, little) : 0;
		if ((cp & 0xFC00) == 0xD800 && (low & 0xFC00) == 0xDC00) {
			cp = 0x10000 + ((cp & 0x3FF) << 10) + (low & 0x3FF);
			i += 2;
		} else if ((cp & 0xF800) == 0xD800)
			cp = 0xFFFD;
		buf_add_utf8(out, cp);
	}
}

/* Three bytes, as UTF-8 would write the surrogate if it were a character: in the place of a replacement character. */
static void put_half(char *at, uint32_t half)
{
	at[0] = (char)0xED;
	at[1] = (char)(0x80 | (half >> 6 & 0x3F));
	at[2] = (char)(0x80 | (half & 0x3F));
}

void coding_halves(uint8_t dc, struct str data, struct buf *text)
{
	const uint8_t *p = (const uint8_t *)data.p;
	bool little = data.n >= 2 && p[0] == 0xFF && p[1] == 0xFE;
	size_t n = data.n & ~(size_t)1;
	uint32_t first, last;

	if (coding_of(dc) != CODING_UCS2 || n < 2 || text->n < 3)
		return;
	first = unit(p, little);
	last = unit(p + n - 2, little);
	if ((first & 0xFC00) == 0xDC00)
		put_half(text->p, first);
	if ((last & 0xFC00) == 0xD800)
		put_half(text->p + text->n - 3, last);
}

static void latin1(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_utf8(out, (uint8_t)s.p[i]);
}

static bool by_iconv(uint8_t dc, struct str s, struct buf *out)
{
	const char *from = NULL;
	char chunk[512], *in = (char *)(uintptr_t)s.p;
	size_t left = s.n;
	iconv_t cd;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].data_coding == dc)
			from = others[i].charset;
	cd = from ? iconv_open("UTF-8", from) : (iconv_t)-1;
	if (cd == (iconv_t)-1)
		return false;
	while (left) {
		char *to = chunk;
		size_t room = sizeof chunk;
		size_t rc = iconv(cd, &in, &left, &to, &room);
		buf_add(out, chunk, (size_t)(to - chunk));
		if (rc == (size_t)-1 && errno != E2BIG) { /* one bad byte costs that byte */
			buf_add_utf8(out, 0xFFFD);
			in++;
			left--;
		}
	}
	iconv_close(cd);
	return true;
}

static void default_alphabet(enum sms_alphabet alphabet, struct gsm7 tables, size_t header, struct str data,
			     struct buf *out)
{
	struct buf septets;

	if (alphabet == SMS_ALPHABET_LATIN1 && !tables.single && !tables.locking) {
		latin1(data, out);
		return;
	}
	if (alphabet != SMS_ALPHABET_PACKED) {
		gsm7_decode(tables, data, out);
		return;
	}
	buf_init(&septets, 1 << 17);
	gsm7_unpack(data, (unsigned)((7 - header * 8 % 7) % 7), &septets);
	gsm7_decode(tables, buf_str(&septets), out);
	out->failed |= septets.failed;
	buf_free(&septets);
}

bool coding_decode(uint8_t dc, enum sms_alphabet alphabet, struct gsm7 tables, size_t header, struct str data,
		   struct buf *out)
{
	switch (coding_of(dc)) {
	case CODING_DEFAULT: default_alphabet(alphabet, tables, header, data, out); return true;
	case CODING_ASCII:
	case CODING_LATIN1: latin1(data, out); return true;
	case CODING_UCS2: ucs2(data, out); return true;
	case CODING_OTHER: return by_iconv(dc, data, out);
	case CODING_BINARY: break;
	}
	return false;
}

void coding_latin1(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.n;) {
		uint32_t cp = str_next(text, &i);
		buf_addc(out, cp < 0x100 ? (char)cp : '?');
	}
}
