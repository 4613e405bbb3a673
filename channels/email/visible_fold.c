#include "email/visible_fold.h"

/* U+00C0..U+00FF and U+0100..U+017F without what is above and below the letters. */
static const char latin_1[] = "aaaaaaaceeeeiiiidnooooo*ouuuuyts"
			      "aaaaaaaceeeeiiiidnooooo/ouuuuyty";
static const char latin_a[] = "aaaaaacccccccc"
			      "ddddeeeeeeeeee"
			      "gggggggghhhh"
			      "iiiiiiiiiiii"
			      "jjkkk"
			      "llllllllll"
			      "nnnnnnnnn"
			      "oooooooo"
			      "rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static bool unseen(uint32_t c)
{
	return c == 0xAD || (c >= 0x300 && c <= 0x36F) || (c >= 0x591 && c <= 0x5BD) || c == 0x640 ||
	       (c >= 0x64B && c <= 0x65F) || c == 0x670 || (c >= 0x200B && c <= 0x200F) ||
	       (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || (c >= 0xFE00 && c <= 0xFE0F) ||
	       c == 0xFEFF;
}

static bool space(uint32_t c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0 || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static uint32_t digit(uint32_t c)
{
	static const uint32_t zero[] = {0x660, 0x6F0, 0x966, 0xE50};

	for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
		if (c >= zero[i] && c <= zero[i] + 9)
			return '0' + (c - zero[i]);
	return c;
}

static uint32_t mark(uint32_t c)
{
	switch (c) {
	case 0x2018:
	case 0x2019:
	case 0x201A:
	case 0x2BC:
	case 0xB4:
	case 0x5F3: return '\'';
	case 0xAB:
	case 0xBB:
	case 0x201C:
	case 0x201D:
	case 0x201E:
	case 0x5F4: return '"';
	case 0x2212:
	case 0x2500:
	case 0x2501:
	case 0x2550: return '-';
	case 0x1427: return '~'; /* a tracking program's invisible mark, on a line of its own */
	case 0x3001: return ',';
	case 0x3002: return '.';
	default: return c >= 0x2010 && c <= 0x2015 ? '-' : c;
	}
}

static uint32_t vietnamese(uint32_t c)
{
	return c < 0x1EB8 ? 'a' : c < 0x1EC8 ? 'e' : c < 0x1ECC ? 'i' : c < 0x1EE4 ? 'o' : c < 0x1EF2 ? 'u' : 'y';
}

static uint32_t latin(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if (c >= 0xC0 && c <= 0xFF)
		return (unsigned char)latin_1[c - 0xC0];
	if (c >= 0x100 && c <= 0x17F)
		return (unsigned char)latin_a[c - 0x100];
	if (c == 0x1A0 || c == 0x1A1)
		return 'o';
	if (c == 0x1AF || c == 0x1B0)
		return 'u';
	if (c >= 0x218 && c <= 0x21B)
		return c < 0x21A ? 's' : 't';
	return c >= 0x1EA0 && c <= 0x1EF9 ? vietnamese(c) : c;
}

static uint32_t greek(uint32_t c)
{
	static const struct {
		uint16_t from, to;
	} accents[] = {{0x386, 0x3B1}, {0x388, 0x3B5}, {0x389, 0x3B7}, {0x38A, 0x3B9}, {0x38C, 0x3BF}, {0x38E, 0x3C5},
		       {0x38F, 0x3C9}, {0x390, 0x3B9}, {0x3AA, 0x3B9}, {0x3AB, 0x3C5}, {0x3AC, 0x3B1}, {0x3AD, 0x3B5},
		       {0x3AE, 0x3B7}, {0x3AF, 0x3B9}, {0x3B0, 0x3C5}, {0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5},
		       {0x3CC, 0x3BF}, {0x3CD, 0x3C5}, {0x3CE, 0x3C9}};

	for (size_t i = 0; i < sizeof accents / sizeof *accents; i++)
		if (accents[i].from == c)
			return accents[i].to;
	return c >= 0x391 && c <= 0x3A9 ? c + 32 : c;
}

static uint32_t other(uint32_t c)
{
	if (c >= 0x370 && c <= 0x3FF)
		return greek(c);
	if (c >= 0x400 && c <= 0x40F)
		c += 80;
	else if (c >= 0x410 && c <= 0x42F)
		c += 32;
	switch (c) {
	case 0x439: return 0x438; /* й и */
	case 0x451: return 0x435; /* ё е */
	case 0x457: return 0x456; /* ї і */
	case 0x622:
	case 0x623:
	case 0x625:
	case 0x671: return 0x627; /* the forms of alef */
	case 0x649:
	case 0x6CC: return 0x64A; /* of yeh */
	case 0x6A9: return 0x643; /* of kaf */
	default: return c;
	}
}

static uint32_t fold(uint32_t c)
{
	if (c >= 0xFF01 && c <= 0xFF5E) /* full width */
		c -= 0xFEE0;
	return other(latin(mark(digit(c))));
}

static size_t put(char *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xC0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xE0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3F));
		p[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	p[0] = (char)(0xF0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3F));
	p[2] = (char)(0x80 | (c >> 6 & 0x3F));
	p[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* Some programs leave the entities of HTML in their plain text. */
static uint32_t entity(struct str s, size_t *i)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&amp;", '&'}, {"&nbsp;", ' '}, {"&#39;", '\''}};

	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		if (fold_starts(str_n(s.p + *i, s.n - *i), known[k].name)) {
			*i += strlen(known[k].name);
			return (unsigned char)known[k].c;
		}
	return str_next(s, i);
}

static bool plain(char c) { return c > ' ' && c < 0x7F && c != '&'; }

void fold_add(struct folded *f, struct str s)
{
	bool gap = f->n > 0;

	for (size_t i = 0; i < s.n;) {
		uint32_t c;
		if (plain(s.p[i]) && !gap && f->n + 5 <= FOLD_MAX) { /* most of most mails */
			char small = s.p[i++];
			f->p[f->n++] = small >= 'A' && small <= 'Z' ? (char)(small + 32) : small;
			continue;
		}
		c = s.p[i] == '&' ? entity(s, &i) : str_next(s, &i);
		if (unseen(c))
			continue;
		if (space(c)) {
			gap = f->n > 0;
			continue;
		}
		if (f->n + 5 > FOLD_MAX) {
			f->over = true;
			break;
		}
		if (gap)
			f->p[f->n++] = ' ';
		gap = false;
		f->n += put(f->p + f->n, fold(c));
	}
	f->p[f->n] = 0;
}

void fold_line(struct folded *f, struct str s)
{
	f->n = 0;
	f->over = false;
	fold_add(f, s);
}

bool fold_has(struct str s, const char *what) { return s.n && memmem(s.p, s.n, what, strlen(what)); }

bool fold_starts(struct str s, const char *what)
{
	size_t n = strlen(what);

	return s.n >= n && memcmp(s.p, what, n) == 0;
}

bool fold_ends(struct str s, const char *what)
{
	size_t n = strlen(what);

	return s.n >= n && memcmp(s.p + s.n - n, what, n) == 0;
}

size_t fold_words(struct str s)
{
	size_t n = s.n > 0;

	for (size_t i = 0; i + 1 < s.n; i++)
		n += s.p[i] == ' ';
	return n;
}

size_t fold_trim(struct str *s)
{
	static const char drawn[] = "-_*=~#+";
	static const char quoted[] = " \"'`|";
	size_t n = 0;

	while (s->n && (strchr(drawn, s->p[0]) || strchr(quoted, s->p[0]))) {
		n += strchr(drawn, s->p[0]) != NULL;
		s->p++;
		s->n--;
	}
	while (s->n && (strchr(drawn, s->p[s->n - 1]) || strchr(quoted, s->p[s->n - 1]))) {
		n += strchr(drawn, s->p[s->n - 1]) != NULL;
		s->n--;
	}
	return n;
}
