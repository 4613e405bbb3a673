#include "domain/icu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

/* Opening a formatter takes ICU tens of microseconds, using one a few: the last ones are kept. */
enum { KEPT = 16, KEY_MAX = 160, WIDE = 128 };
enum kind { NOTHING, MONEY, NUMBER, DATE, PLURAL };

struct format {
	enum kind kind;
	char key[KEY_MAX];
	void *icu;
};

struct domain_formats {
	struct format v[KEPT];
	unsigned next;
};

struct domain_formats *domain_formats_new(void) { return calloc(1, sizeof(struct domain_formats)); }

static void drop(struct format *f)
{
	switch (f->kind) {
	case MONEY:
	case NUMBER: unum_close(f->icu); break;
	case DATE: udat_close(f->icu); break;
	case PLURAL: uplrules_close(f->icu); break;
	case NOTHING: break;
	}
	*f = (struct format){0};
}

void domain_formats_free(struct domain_formats **f)
{
	if (!*f)
		return;
	for (size_t k = 0; k < KEPT; k++)
		drop(&(*f)->v[k]);
	free(*f);
	*f = NULL;
}

/* The formatter of that key, or a free place for it with icu NULL. NULL: the key is too long. */
static struct format *find(struct domain_formats *f, enum kind kind, const char *key)
{
	struct format *place;

	for (size_t k = 0; k < KEPT; k++)
		if (f->v[k].kind == kind && strcmp(f->v[k].key, key) == 0)
			return &f->v[k];
	place = &f->v[f->next++ % KEPT];
	drop(place);
	snprintf(place->key, sizeof place->key, "%s", key);
	return place;
}

static int key_of(char key[KEY_MAX], struct str locale, struct str a, struct str b, int n)
{
	int k = snprintf(key, KEY_MAX, "%.*s|%.*s|%.*s|%d", (int)locale.n, locale.p ? locale.p : "", (int)a.n,
			 a.p ? a.p : "", (int)b.n, b.p ? b.p : "", n);
	return k < KEY_MAX ? 0 : -1;
}

/* A tag as ICU names locales; what is no tag is English. */
static void locale_name(struct str tag, char out[ULOC_FULLNAME_CAPACITY])
{
	char text[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;

	snprintf(text, sizeof text, "%.*s", (int)(tag.n < sizeof text ? tag.n : 0), tag.p ? tag.p : "");
	uloc_forLanguageTag(text, out, ULOC_FULLNAME_CAPACITY, NULL, &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || !out[0])
		memcpy(out, "en", 3);
}

static int widen(struct str s, UChar out[WIDE])
{
	UErrorCode status = U_ZERO_ERROR;

	u_strFromUTF8(out, WIDE, NULL, s.p ? s.p : "", (int32_t)(s.n < WIDE ? s.n : WIDE), &status);
	return U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING ? -1 : 0;
}

static int narrow(const UChar *text, UErrorCode made, char out[ICU_TEXT])
{
	UErrorCode status = U_ZERO_ERROR;

	if (U_FAILURE(made) || made == U_STRING_NOT_TERMINATED_WARNING)
		return -1;
	u_strToUTF8(out, ICU_TEXT, NULL, text, -1, &status);
	return U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING ? -1 : 0;
}

static UNumberFormat *number_format(struct domain_formats *f, enum kind kind, struct str locale, int decimals)
{
	UErrorCode status = U_ZERO_ERROR;
	char key[KEY_MAX], name[ULOC_FULLNAME_CAPACITY];
	struct format *x;

	if (key_of(key, locale, STR(""), STR(""), decimals))
		return NULL;
	x = find(f, kind, key);
	if (x->icu)
		return x->icu;
	locale_name(locale, name);
	x->icu = unum_open(kind == MONEY ? UNUM_CURRENCY : UNUM_DECIMAL, NULL, 0, name, NULL, &status);
	if (U_FAILURE(status))
		return NULL;
	x->kind = kind;
	if (kind == NUMBER && decimals >= 0)
		unum_setAttribute(x->icu, UNUM_FRACTION_DIGITS, decimals);
	unum_setAttribute(x->icu, UNUM_ROUNDING_MODE, UNUM_ROUND_HALFUP);
	return x->icu;
}

int icu_money(struct domain_formats *f, struct str locale, double amount, struct str currency, char out[ICU_TEXT])
{
	UNumberFormat *format = number_format(f, MONEY, locale, 0);
	UErrorCode status = U_ZERO_ERROR;
	UChar code[WIDE], text[ICU_TEXT];

	if (!format || currency.n != 3 || widen(currency, code))
		return -1;
	for (int k = 0; k < 3; k++) {
		code[k] = (UChar)u_toupper(code[k]);
		if (code[k] < 'A' || code[k] > 'Z')
			return -1;
	}
	unum_formatDoubleCurrency(format, amount, code, text, ICU_TEXT, NULL, &status);
	return narrow(text, status, out);
}

int icu_number(struct domain_formats *f, struct str locale, double value, int decimals, char out[ICU_TEXT])
{
	UNumberFormat *format = number_format(f, NUMBER, locale, decimals);
	UErrorCode status = U_ZERO_ERROR;
	UChar text[ICU_TEXT];

	if (!format)
		return -1;
	unum_formatDouble(format, value, text, ICU_TEXT, NULL, &status);
	return narrow(text, status, out);
}

static bool known_zone(const UChar *zone)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar canonical[WIDE];
	UBool system = 0;

	ucal_getCanonicalTimeZoneID(zone, -1, canonical, WIDE, &system, &status);
	return U_SUCCESS(status) && system;
}

static UDateFormat *by_skeleton(const char *locale, const UChar *zone, struct str style)
{
	UErrorCode status = U_ZERO_ERROR;
	UDateTimePatternGenerator *g = udatpg_open(locale, &status);
	UChar skeleton[WIDE], pattern[WIDE];
	UDateFormat *format = NULL;
	int32_t n = 0;

	if (U_SUCCESS(status) && widen(style, skeleton) == 0)
		n = udatpg_getBestPattern(g, skeleton, -1, pattern, WIDE, &status);
	if (U_SUCCESS(status) && n > 0)
		format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, zone, -1, pattern, n, &status);
	udatpg_close(g);
	return U_SUCCESS(status) ? format : NULL;
}

static UDateFormat *date_format(const char *locale, const UChar *zone, struct str style, bool time)
{
	static const char *const words[] = {"full", "long", "medium", "short"}; /* as UDAT_FULL … UDAT_SHORT */
	UErrorCode status = U_ZERO_ERROR;
	UDateFormat *format;

	for (int k = 0; k < 4; k++)
		if (str_is(style, words[k])) {
			UDateFormatStyle s = (UDateFormatStyle)k;
			format = udat_open(time ? s : UDAT_NONE, time ? UDAT_NONE : s, locale, zone, -1, NULL, 0,
					   &status);
			return U_SUCCESS(status) ? format : NULL;
		}
	return by_skeleton(locale, zone, style);
}

int icu_date(struct domain_formats *f, struct str locale, struct str zone, struct str style, bool time, double seconds,
	     char out[ICU_TEXT])
{
	char key[KEY_MAX], name[ULOC_FULLNAME_CAPACITY];
	UChar where[WIDE], text[ICU_TEXT];
	UErrorCode status = U_ZERO_ERROR;
	struct format *x;

	if (key_of(key, locale, zone, style, time))
		return -1;
	x = find(f, DATE, key);
	if (!x->icu) {
		if (widen(zone.n ? zone : STR("UTC"), where) || !known_zone(where))
			return -1;
		locale_name(locale, name);
		x->icu = date_format(name, where, style, time);
		if (!x->icu)
			return -1;
		x->kind = DATE;
	}
	udat_format(x->icu, seconds * 1000.0, text, ICU_TEXT, NULL, &status);
	return narrow(text, status, out);
}

int icu_plural(struct domain_formats *f, struct str locale, double n, char out[ICU_TEXT])
{
	char key[KEY_MAX], name[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;
	UChar text[ICU_TEXT];
	struct format *x;

	if (key_of(key, locale, STR(""), STR(""), 0))
		return -1;
	x = find(f, PLURAL, key);
	if (!x->icu) {
		locale_name(locale, name);
		x->icu = uplrules_open(name, &status);
		if (U_FAILURE(status))
			return x->icu = NULL, -1;
		x->kind = PLURAL;
	}
	uplrules_select(x->icu, n, text, ICU_TEXT, &status);
	return narrow(text, status, out);
}
