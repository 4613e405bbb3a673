#include "model/phone_shim.h"

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

#include <cstdio>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

static_assert((int)SHIM_UNKNOWN == (int)PhoneNumberUtil::UNKNOWN && (int)SHIM_VOIP == (int)PhoneNumberUtil::VOIP, "types");
static_assert((int)SHIM_TOO_LONG == (int)PhoneNumberUtil::TOO_LONG_NSN, "errors");

static enum shim_error parse(const std::string &text, const std::string &region, struct shim_number *out)
{
	const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
	static const ShortNumberInfo short_info;
	std::string s;
	PhoneNumber number;
	PhoneNumberUtil::ErrorType e = util->Parse(text, region, &number);

	if (e != PhoneNumberUtil::NO_PARSING_ERROR)
		return (enum shim_error)e;
	util->Format(number, PhoneNumberUtil::E164, &s);
	snprintf(out->e164, sizeof out->e164, "%s", s.c_str());
	util->GetRegionCodeForNumber(number, &s);
	snprintf(out->region, sizeof out->region, "%s", s.c_str());
	out->country = number.country_code();
	out->type = (enum shim_type)util->GetNumberType(number);
	out->possible = util->IsPossibleNumber(number);
	out->valid = util->IsValidNumber(number);
	PhoneNumber example;
	for (auto type : {PhoneNumberUtil::MOBILE, PhoneNumberUtil::FIXED_LINE})
		if (util->GetExampleNumberForType(region, type, &example) && example.national_number() < 1000000)
			out->small_plan = 1;
	out->valid_short = text[0] != '+' && short_info.IsValidShortNumberForRegion(number, region);
	return SHIM_OK;
}

extern "C" enum shim_error shim_parse(const char *text, size_t n, const char *region, struct shim_number *out)
{
	*out = shim_number{};
	try {
		return parse(std::string(text, n), region ? region : "ZZ", out);
	} catch (...) {
		return SHIM_MEMORY;
	}
}

extern "C" int shim_region_known(const char *region)
{
	try {
		return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0;
	} catch (...) {
		return 0;
	}
}
