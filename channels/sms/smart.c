/* See smart.h. */
#include "sms/smart.h"

static const struct {
	uint32_t from;
	const char *to;
} look_alikes[] = {
	{0x09, " "},   {0x60, "'"},    {0xA0, " "},    {0xA9, "(c)"},	{0xAB, "\""},	{0xAD, ""},	{0xAE, "(R)"},
	{0xB2, "2"},   {0xB3, "3"},    {0xB4, "'"},    {0xB7, "."},	{0xB9, "1"},	{0xBB, "\""},	{0xBC, "1/4"},
	{0xBD, "1/2"}, {0xBE, "3/4"},  {0xD7, "x"},    {0x152, "OE"},	{0x153, "oe"},	{0x2BB, "'"},	{0x2BC, "'"},
	{0x2002, " "}, {0x2003, " "},  {0x2004, " "},  {0x2005, " "},	{0x2006, " "},	{0x2007, " "},	{0x2008, " "},
	{0x2009, " "}, {0x200A, " "},  {0x200B, ""},   {0x200C, ""},	{0x200E, ""},	{0x200F, ""},	{0x2010, "-"},
	{0x2011, "-"}, {0x2012, "-"},  {0x2013, "-"},  {0x2014, "-"},	{0x2015, "-"},	{0x2018, "'"},	{0x2019, "'"},
	{0x201A, ","}, {0x201B, "'"},  {0x201C, "\""}, {0x201D, "\""},	{0x201E, "\""}, {0x201F, "\""}, {0x2022, "*"},
	{0x2023, "*"}, {0x2024, "."},  {0x2025, ".."}, {0x2026, "..."}, {0x2028, "\n"}, {0x2029, "\n"}, {0x202F, " "},
	{0x2032, "'"}, {0x2033, "\""}, {0x2039, "<"},  {0x203A, ">"},	{0x2043, "-"},	{0x2044, "/"},	{0x205F, " "},
	{0x2060, ""},  {0x2116, "No"}, {0x2122, "TM"}, {0x2190, "<-"},	{0x2192, "->"}, {0x2212, "-"},	{0x2215, "/"},
	{0x2500, "-"}, {0x25CF, "*"},  {0x3000, " "},  {0xFE0E, ""},	{0xFE0F, ""},	{0xFEFF, ""},
};

const char *smart_look_alike(uint32_t cp)
{
	for (size_t i = 0; i < sizeof look_alikes / sizeof *look_alikes; i++)
		if (look_alikes[i].from == cp)
			return look_alikes[i].to;
	return NULL;
}

enum { GRAVE = 0x300, ACUTE, CIRCUMFLEX, TILDE, BREVE = 0x306, DOT, DIAERESIS, RING = 0x30A, CEDILLA = 0x327 };

/* Only what some GSM table has; the accents in the order of the letters. */
static const struct {
	uint16_t mark;
	const char *letters;
	uint16_t composed[14];
} marks[] = {
	{GRAVE, "aeiouA", {0xE0, 0xE8, 0xEC, 0xF2, 0xF9, 0xC0}},
	{ACUTE, "aeiouAEIOU", {0xE1, 0xE9, 0xED, 0xF3, 0xFA, 0xC1, 0xC9, 0xCD, 0xD3, 0xDA}},
	{CIRCUMFLEX, "aeoAEO", {0xE2, 0xEA, 0xF4, 0xC2, 0xCA, 0xD4}},
	{TILDE, "anoANO", {0xE3, 0xF1, 0xF5, 0xC3, 0xD1, 0xD5}},
	{BREVE, "gG", {0x11F, 0x11E}},
	{DOT, "I", {0x130}},
	{DIAERESIS, "aouAOU", {0xE4, 0xF6, 0xFC, 0xC4, 0xD6, 0xDC}},
	{RING, "aA", {0xE5, 0xC5}},
	{CEDILLA, "csCS", {0xE7, 0x15F, 0xC7, 0x15E}},
};

uint32_t smart_compose(uint32_t letter, uint32_t mark)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		for (size_t k = 0; marks[i].mark == mark && marks[i].letters[k]; k++)
			if ((unsigned char)marks[i].letters[k] == letter)
				return marks[i].composed[k];
	return 0;
}

bool smart_compose_text(struct str text, struct buf *out)
{
	size_t copied = 0;

	/* U+0300 to U+033F begin with CC; before the mark is the letter, one byte long. */
	for (size_t i = 1; i + 1 < text.n; i++) {
		size_t next = i;
		uint32_t cp;
		if ((uint8_t)text.p[i] != 0xCC)
			continue;
		cp = smart_compose((uint8_t)text.p[i - 1], str_next(text, &next));
		if (!cp || i - 1 < copied)
			continue;
		buf_add(out, text.p + copied, i - 1 - copied);
		buf_add_utf8(out, cp);
		copied = next;
	}
	if (copied)
		buf_add(out, text.p + copied, text.n - copied);
	return copied > 0;
}
