#include "model/phone.h"

#include <stdio.h>

#include "model/phone_shim.h"

static const char *const words[] = {"invalid", "mobile", "fixed", "fixed_or_mobile", "toll_free", "premium", "shared_cost", "voip",
				    "personal", "pager", "uan", "voicemail", "short", "alphanumeric", "unknown"};

const char *phone_kind_word(enum phone_kind k) { return words[k]; }

/* libphonenumber takes some 20 µs for a number, and a gateway sees the same ones again and again: each thread remembers
 * the international forms it has parsed last. */
enum { CACHE = 1024 };
static _Thread_local struct {
	char text[20];
	struct phone phone;
} cache[CACHE];

static bool clean_e164(struct str s)
{
	if (s.n < 8 || s.n > 16 || s.p[0] != '+')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static uint32_t slot_of(struct str s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return (h ^ h >> 15) % CACHE;
}

/*
 * Countries whose numbers are written in two ways for one line; one form is kept.
 * Mexico: the "1" after +52 that mobile numbers had until 2019 is dropped. Brazil: mobile numbers of eight digits (area
 * code, then 6 to 9) got a leading 9 by 2016; landlines (2 to 5) never did. Benin has put 01 before its eight digits in
 * 2024, which the library's tables may be too old to know.
 */
static void canonical(struct shim_number *n)
{
	size_t len = strlen(n->e164);

	if (n->country == 52 && len == 14 && n->e164[3] == '1') {
		memmove(n->e164 + 3, n->e164 + 4, len - 3);
	} else if (n->country == 55 && len == 13 && n->e164[5] >= '6') {
		memmove(n->e164 + 6, n->e164 + 5, len - 4);
		n->e164[5] = '9';
		n->type = SHIM_MOBILE;
		n->possible = 1;
	} else if (n->country == 229 && len == 14 && strncmp(n->e164 + 4, "01", 2) == 0) {
		memcpy(n->region, "BJ", 3);
		n->possible = 1;
	}
}

static enum phone_kind kind_of(enum shim_type t)
{
	static const enum phone_kind kinds[] = {[SHIM_FIXED] = PHONE_FIXED, [SHIM_MOBILE] = PHONE_MOBILE,
						[SHIM_FIXED_OR_MOBILE] = PHONE_FIXED_OR_MOBILE, [SHIM_TOLL_FREE] = PHONE_TOLL_FREE,
						[SHIM_PREMIUM] = PHONE_PREMIUM, [SHIM_SHARED_COST] = PHONE_SHARED_COST,
						[SHIM_VOIP] = PHONE_VOIP, [SHIM_PERSONAL] = PHONE_PERSONAL,
						[SHIM_PAGER] = PHONE_PAGER, [SHIM_UAN] = PHONE_UAN,
						[SHIM_VOICEMAIL] = PHONE_VOICEMAIL, [SHIM_UNKNOWN] = PHONE_UNKNOWN};
	return kinds[t];
}

/* Only digits, 3 to 8 of them: a short code, unless the numbering plan says that it is a whole number. Up to six digits
 * some plans know as a subscriber's number without its area code, which nobody can be reached by from elsewhere. */
static bool short_code(struct str s, const struct shim_number *n, enum shim_error e)
{
	if (s.n < 3 || s.n > 8)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return e != SHIM_OK || n->valid_short || !n->valid || (s.n <= 6 && !n->small_plan);
}

/* A sender's name: up to 11 characters, a letter among them (3GPP TS 23.040 section 9.1.2.5), nothing that only a number
 * is written with. */
static bool alphanumeric(struct str s)
{
	bool letter = false;
	size_t chars = 0;

	if (s.n == 0 || s.p[0] == '+' || (s.n >= 4 && str_ieq(str_n(s.p, 4), STR("tel:"))))
		return false;
	for (size_t i = 0; i < s.n; chars++) {
		uint32_t c = str_next(s, &i);
		if (c < 0x20 || c == 0x7f || c == 0xfffd || c == '@')
			return false;
		letter = letter || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0xc0;
	}
	return letter && chars <= 11;
}

static int refuse(enum shim_error e, const struct shim_number *n, struct err *err)
{
	switch (e) {
	case SHIM_COUNTRY:
		return err_set(err, ERR_SEMANTIC, "country_unknown", NULL, "not an international number, and no home region helps");
	case SHIM_SHORT_AFTER_IDD:
	case SHIM_TOO_SHORT:
		return err_set(err, ERR_SEMANTIC, "number_too_short", NULL, "too short for a phone number");
	case SHIM_TOO_LONG:
		return err_set(err, ERR_SEMANTIC, "number_too_long", NULL, "too long for a phone number");
	case SHIM_MEMORY:
		return err_nomem(err);
	case SHIM_OK:
		return err_set(err, ERR_SEMANTIC, "number_invalid", NULL, "no number of region %s has this form",
			       n->region[0] ? n->region : "?");
	default:
		return err_set(err, ERR_SEMANTIC, "not_a_number", NULL, "not a phone number");
	}
}

static int parse(struct str text, const char *region, struct phone *out, struct err *err)
{
	struct shim_number n;
	enum shim_error e;

	if (region && region[0] && !shim_region_known(region))
		return err_set(err, ERR_SEMANTIC, "region_unknown", "/region", "%.8s is not an ISO 3166 region", region);
	e = shim_parse(text.p, text.n, region && region[0] ? region : NULL, &n);
	*out = (struct phone){0};
	if (short_code(text, &n, e)) {
		out->kind = PHONE_SHORT;
		snprintf(out->region, sizeof out->region, "%.3s", region ? region : "");
		return 0;
	}
	if (e == SHIM_OK)
		canonical(&n);
	if (e != SHIM_OK || !n.possible) {
		if (!alphanumeric(text))
			return refuse(e, &n, err);
		out->kind = PHONE_ALPHANUMERIC;
		return 0;
	}
	out->kind = kind_of(n.type);
	memcpy(out->e164, n.e164, sizeof out->e164);
	memcpy(out->region, n.region, sizeof out->region);
	return 0;
}

int phone_parse(struct str text, const char *region, struct phone *out, struct err *err)
{
	struct phone p;
	uint32_t slot;

	text = str_trim(text);
	if (text.n == 0 || text.n > 100 || memchr(text.p, 0, text.n) || !str_utf8_ok(text))
		return err_set(err, ERR_SEMANTIC, "not_a_number", NULL, "not a phone number");
	if (!clean_e164(text)) {
		if (parse(text, region, &p, err))
			return -1;
		*out = p;
		return 0;
	}
	slot = slot_of(text);
	if (strlen(cache[slot].text) != text.n || memcmp(cache[slot].text, text.p, text.n) != 0) {
		if (parse(text, NULL, &p, err))
			return -1;
		cache[slot].phone = p;
		memcpy(cache[slot].text, text.p, text.n);
		cache[slot].text[text.n] = 0;
	}
	*out = cache[slot].phone;
	return 0;
}
