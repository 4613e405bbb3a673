#include "model/phone.h"

#include "model/phone_shim.h"

enum {
	TEXT_MAX = 128,	 /* no way to write a number is longer */
	E164_MAX = 15,	 /* digits, ITU-T E.164 section 6.2.1 */
	SENDER_MAX = 11, /* septets that fit an address of ten octets, 3GPP TS 23.040 section 9.1.2.5 */
	SHORT_MIN = 3,
	SHORT_SURE = 6, /* a longer bare number is a short code only if it can be nothing else */
	SHORT_MAX = 8
};

static const char *const words[PHONE_KINDS] = {"invalid", "mobile",	 "fixed", "fixed_or_mobile", "toll_free",
					       "premium", "shared_cost", "voip",  "personal",	     "pager",
					       "uan",	  "voicemail",	 "short", "alphanumeric",    "unknown"};

const char *phone_kind_word(enum phone_kind k) { return (unsigned)k < PHONE_KINDS ? words[k] : "?"; }

static const enum phone_kind kinds[PHONE_SHIM_TYPES] = {
	[PHONE_SHIM_FIXED] = PHONE_FIXED,
	[PHONE_SHIM_MOBILE] = PHONE_MOBILE,
	[PHONE_SHIM_FIXED_OR_MOBILE] = PHONE_FIXED_OR_MOBILE,
	[PHONE_SHIM_TOLL_FREE] = PHONE_TOLL_FREE,
	[PHONE_SHIM_PREMIUM] = PHONE_PREMIUM,
	[PHONE_SHIM_SHARED_COST] = PHONE_SHARED_COST,
	[PHONE_SHIM_VOIP] = PHONE_VOIP,
	[PHONE_SHIM_PERSONAL] = PHONE_PERSONAL,
	[PHONE_SHIM_PAGER] = PHONE_PAGER,
	[PHONE_SHIM_UAN] = PHONE_UAN,
	[PHONE_SHIM_VOICEMAIL] = PHONE_VOICEMAIL,
	[PHONE_SHIM_UNKNOWN] = PHONE_UNKNOWN,
};

/* Numbering plans that changed after the library's tables were made: the new length is right, whatever they say. */
static const struct plan {
	int country;
	const char *prefix;
	size_t digits; /* with country code */
} newer_plans[] = {
	{229, "+22901", 13}, /* Benin: ten digits beginning with 01 since 30 November 2024 */
};

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

static bool begins(struct str s, const char *with)
{
	size_t n = strlen(with);
	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool any_letter(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (letter(s.p[i]))
			return true;
	return false;
}

static bool is_sms_uri(struct str s) { return s.n > 4 && str_ieq(str_n(s.p, 4), STR("sms:")); } /* RFC 5724 */
static bool is_uri(struct str s) { return is_sms_uri(s) || (s.n > 4 && str_ieq(str_n(s.p, 4), STR("tel:"))); }

static bool one_of(uint32_t cp, const char *set)
{
	struct str s = str_of(set);

	for (size_t i = 0; i < s.n;)
		if (str_next(s, &i) == cp)
			return true;
	return false;
}

/* Septets of a printable character in the GSM 7 bit default alphabet (3GPP TS 23.038 section 6.2.1); 0: not in it. */
static size_t septets(uint32_t cp, bool *is_letter)
{
	*is_letter = cp < 128 ? letter((char)cp) : one_of(cp, "èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜäöñüà");
	if (cp < 32 || cp == 127 || cp == '`')
		return 0;
	if (one_of(cp, "^{}\\[~]|€"))
		return 2;
	return cp < 127 || *is_letter || one_of(cp, "£¥¤¡§¿") ? 1 : 0;
}

bool phone_is_sender(struct str text)
{
	size_t used = 0;
	bool named = false, is_letter;

	if (!str_utf8_ok(text) || begins(text, "+") || is_uri(text))
		return false;
	for (size_t i = 0; i < text.n;) {
		size_t n = septets(str_next(text, &i), &is_letter);
		used += n;
		named |= is_letter;
		if (n == 0 || used > SENDER_MAX)
			return false;
	}
	return named;
}

static int refuse(struct err *err, enum phone_shim_fault f, struct str text, const char *region)
{
	switch (f) {
	case PHONE_SHIM_FAILED: return err_nomem(err);
	case PHONE_SHIM_TOO_SHORT:
		return err_set(err, ERR_SEMANTIC, "number_too_short", NULL, "the number is too short");
	case PHONE_SHIM_TOO_LONG: return err_set(err, ERR_SEMANTIC, "number_too_long", NULL, "the number is too long");
	case PHONE_SHIM_NO_COUNTRY:
		if (begins(text, "+") || is_uri(text))
			return err_set(err, ERR_SEMANTIC, "number_invalid", NULL, "no country has that calling code");
		if (!region)
			return err_set(err, ERR_SEMANTIC, "region_unknown", NULL,
				       "a number without country code needs a home region");
		if (!phone_shim_country(region))
			return err_set(err, ERR_SEMANTIC, "region_unknown", NULL, "there is no region \"%.8s\"",
				       region);
		return err_set(err, ERR_SEMANTIC, "number_invalid", NULL, "no country has that calling code");
	default: return err_set(err, ERR_SEMANTIC, "not_a_number", NULL, "that is not a phone number");
	}
}

static bool newer(const struct phone_shim *s)
{
	for (size_t i = 0; i < sizeof newer_plans / sizeof *newer_plans; i++)
		if (s->country == newer_plans[i].country && begins(str_of(s->e164), newer_plans[i].prefix) &&
		    strlen(s->e164) - 1 == newer_plans[i].digits)
			return true;
	return false;
}

static int check_length(const struct phone_shim *s, struct err *err)
{
	if (s->e164[0] == 0 || strlen(s->e164) - 1 > E164_MAX)
		return refuse(err, PHONE_SHIM_TOO_LONG, STR(""), NULL);
	if (s->valid || s->length == PHONE_SHIM_POSSIBLE || newer(s))
		return 0;
	if (s->length == PHONE_SHIM_LESS || s->length == PHONE_SHIM_LOCAL_ONLY)
		return refuse(err, PHONE_SHIM_TOO_SHORT, STR(""), NULL);
	if (s->length == PHONE_SHIM_MORE)
		return refuse(err, PHONE_SHIM_TOO_LONG, STR(""), NULL);
	return err_set(err, ERR_SEMANTIC, "number_invalid", NULL, "no number of that country has so many digits");
}

/* Brazil put a 9 before its eight-digit mobile numbers between 2012 and 2016; books and messengers still hold the old
 * form. Landlines begin with 2 to 5, trunked radio with 7: those never had it. */
static void ninth_digit(struct phone_shim *s)
{
	struct phone_shim with;
	char text[24];

	if (s->country != 55 || s->valid || strlen(s->e164) != 13 || !strchr("689", s->e164[5]))
		return;
	memcpy(text, s->e164, 5);
	text[5] = '9';
	memcpy(text + 6, s->e164 + 5, 9);
	if (phone_shim_parse(text, 14, NULL, &with) == PHONE_SHIM_OK && with.valid && with.type == PHONE_SHIM_MOBILE)
		*s = with;
}

/* Mexico's mobile numbers had a 1 after the country code until 2019. The library drops it, but only once. */
static void mexican_one(struct phone_shim *s)
{
	struct phone_shim without;
	char text[24] = "+52";

	if (s->country != 52 || strlen(s->e164) != 14 || s->e164[3] != '1')
		return;
	memcpy(text + 3, s->e164 + 4, 10);
	if (phone_shim_parse(text, 13, NULL, &without) == PHONE_SHIM_OK)
		*s = without;
}

/* "4915123456789" without plus: it is the international form if that is a number and not how the country writes one of its
 * own, even where the library can also read it as a (long, unprefixed) national one. */
static void plus_is_missing(struct str text, const char *region, struct phone_shim *out)
{
	char with[E164_MAX + 2] = "+";
	struct phone_shim s;
	struct buf b;
	bool ours;

	if (!out->by_region || out->complete || !all_digits(text) || text.n > E164_MAX)
		return;
	buf_init(&b, 16);
	buf_add_i64(&b, phone_shim_country(region));
	ours = begins(text, buf_cstr(&b));
	buf_free(&b);
	if (!ours)
		return;
	memcpy(with + 1, text.p, text.n);
	if (phone_shim_parse(with, text.n + 1, NULL, &s) == PHONE_SHIM_OK && s.valid)
		*out = s;
}

/* s: what the library made of it, NULL if nothing. */
static bool is_short(struct str text, const struct phone_shim *s)
{
	if (!all_digits(text) || text.n < SHORT_MIN || text.n > SHORT_MAX)
		return false;
	if (!s)
		return true;
	if (text.n > SHORT_SURE)
		return !s->valid && s->length != PHONE_SHIM_POSSIBLE;
	return !s->valid || !s->complete;
}

static int nothing(struct str text, const char *region, enum phone_shim_fault f, struct phone *out, struct err *err)
{
	if (f == PHONE_SHIM_FAILED || !is_short(text, NULL))
		return refuse(err, f, text, region);
	out->kind = PHONE_SHORT;
	return 0;
}

/* "de" is "DE". NULL and "" are no region; what is too long for one stays as it is and is found unknown. */
static const char *home(const char *region, char room[4])
{
	size_t n = region ? strlen(region) : 0;

	if (n == 0 || n > 3)
		return n ? region : NULL;
	for (size_t i = 0; i <= n; i++)
		room[i] = (char)(region[i] >= 'a' && region[i] <= 'z' ? region[i] - 32 : region[i]);
	return room;
}

/* A number outside the known ranges must at least stay itself when read again; one whose trunk prefix comes off again and
 * again ("0000 98710") is none. */
static bool unstable(const struct phone_shim *s)
{
	struct phone_shim again;

	return !s->valid && (phone_shim_parse(s->e164, strlen(s->e164), NULL, &again) != PHONE_SHIM_OK ||
			     strcmp(again.e164, s->e164) != 0);
}

int phone_parse(struct str text, const char *region, struct phone *out, struct err *err)
{
	struct phone_shim s;
	enum phone_shim_fault f;
	char room[4];

	*out = (struct phone){.kind = PHONE_INVALID};
	text = str_trim(text);
	region = home(region, room);
	if (text.n == 0 || text.n > TEXT_MAX || !str_utf8_ok(text))
		return refuse(err, PHONE_SHIM_NOT_A_NUMBER, text, region);
	if (phone_is_sender(text)) {
		out->kind = PHONE_ALPHANUMERIC;
		return 0;
	}
	if (is_sms_uri(text))
		text = str_n(text.p + 4, text.n - 4);
	f = phone_shim_parse(text.p, text.n, region, &s);
	if (f != PHONE_SHIM_OK)
		return nothing(text, region, f, out, err);
	if (is_short(text, &s)) {
		out->kind = PHONE_SHORT;
		return 0;
	}
	plus_is_missing(text, region, &s);
	ninth_digit(&s);
	mexican_one(&s);
	if (check_length(&s, err))
		return -1;
	if (unstable(&s))
		return err_set(err, ERR_SEMANTIC, "number_invalid", NULL, "no number of that country begins like that");
	if (!s.valid && any_letter(text) && !is_uri(text))
		return refuse(err, PHONE_SHIM_NOT_A_NUMBER, text, region);
	memcpy(out->e164, s.e164, sizeof out->e164);
	memcpy(out->region, s.region, sizeof out->region);
	out->kind = kinds[s.type];
	return 0;
}

int phone_show(struct str text, const char *region, bool national, char out[PHONE_SHOWN])
{
	struct phone p;

	/* What is no complete number is shown by nobody's rules. */
	if (phone_parse(text, region, &p, NULL) || !p.e164[0])
		return -1;
	return phone_shim_show(p.e164, strlen(p.e164), NULL, national, out, PHONE_SHOWN) ? 0 : -1;
}
