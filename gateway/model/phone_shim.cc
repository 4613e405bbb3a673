#include "model/phone_shim.h"

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstring>

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

/* The library writes its complaints about texts to standard output unless it is told not to. */
PhoneNumberUtil *util()
{
	static PhoneNumberUtil *const it = [] {
		PhoneNumberUtil *u = PhoneNumberUtil::GetInstance();
		u->SetLogger(new NullLogger);
		return u;
	}();
	return it;
}

template <size_t N> void put(char (&out)[N], const std::string &s)
{
	const size_t n = s.size() < N ? s.size() : 0;
	std::memcpy(out, s.data(), n);
	out[n] = 0;
}

phone_shim_fault fault(PhoneNumberUtil::ErrorType e)
{
	switch (e) {
	case PhoneNumberUtil::NO_PARSING_ERROR: return PHONE_SHIM_OK;
	case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR: return PHONE_SHIM_NO_COUNTRY;
	case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
	case PhoneNumberUtil::TOO_SHORT_NSN: return PHONE_SHIM_TOO_SHORT;
	case PhoneNumberUtil::TOO_LONG_NSN: return PHONE_SHIM_TOO_LONG;
	default: return PHONE_SHIM_NOT_A_NUMBER;
	}
}

phone_shim_length length_of(const PhoneNumber &p)
{
	switch (util()->IsPossibleNumberWithReason(p)) {
	case PhoneNumberUtil::IS_POSSIBLE: return PHONE_SHIM_POSSIBLE;
	case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY: return PHONE_SHIM_LOCAL_ONLY;
	case PhoneNumberUtil::TOO_SHORT: return PHONE_SHIM_LESS;
	case PhoneNumberUtil::TOO_LONG: return PHONE_SHIM_MORE;
	default: return PHONE_SHIM_OTHER;
	}
}

bool complete(const PhoneNumber &p, const std::string &text)
{
	std::string national, given = text;
	util()->Format(p, PhoneNumberUtil::NATIONAL, &national);
	util()->NormalizeDigitsOnly(&national);
	util()->NormalizeDigitsOnly(&given);
	return national == given;
}

void fill(const PhoneNumber &p, const std::string &text, phone_shim *out)
{
	std::string s;
	util()->Format(p, PhoneNumberUtil::E164, &s);
	put(out->e164, s);
	util()->GetRegionCodeForNumber(p, &s);
	if (s == "ZZ")
		util()->GetRegionCodeForCountryCode(p.country_code(), &s);
	put(out->region, s);
	out->country = p.country_code();
	out->length = length_of(p);
	out->type = static_cast<phone_shim_type>(util()->GetNumberType(p));
	out->valid = util()->IsValidNumber(p);
	out->by_region = p.country_code_source() == PhoneNumber::FROM_DEFAULT_COUNTRY;
	out->complete = out->by_region && complete(p, text);
}

} // namespace

static_assert(int(PHONE_SHIM_UNKNOWN) == int(PhoneNumberUtil::UNKNOWN) &&
		      int(PHONE_SHIM_VOIP) == int(PhoneNumberUtil::VOIP),
	      "the types are the library's, in its order");

phone_shim_fault phone_shim_parse(const char *text, size_t n, const char *region, phone_shim *out)
try {
	PhoneNumber p;
	const std::string given(text, n);
	const phone_shim_fault f = fault(util()->ParseAndKeepRawInput(given, region && *region ? region : "ZZ", &p));
	*out = {};
	if (f == PHONE_SHIM_OK)
		fill(p, given, out);
	return f;
} catch (...) {
	return PHONE_SHIM_FAILED;
}

bool phone_shim_show(const char *text, size_t n, const char *region, bool national, char *out, size_t room)
try {
	PhoneNumber p;
	std::string s;
	if (util()->Parse(std::string(text, n), region && *region ? region : "ZZ", &p) != PhoneNumberUtil::NO_PARSING_ERROR)
		return false;
	util()->Format(p, national ? PhoneNumberUtil::NATIONAL : PhoneNumberUtil::INTERNATIONAL, &s);
	if (s.empty() || s.size() >= room)
		return false;
	memcpy(out, s.c_str(), s.size() + 1);
	return true;
} catch (...) {
	return false;
}

int phone_shim_country(const char *region)
try {
	return util()->GetCountryCodeForRegion(region);
} catch (...) {
	return 0;
}
