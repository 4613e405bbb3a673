/* The C face of libphonenumber; private to phone.c. Thread-safe, throws nothing. */
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Same order as libphonenumber's PhoneNumberType, which is checked at compile time. */
enum shim_type { SHIM_FIXED, SHIM_MOBILE, SHIM_FIXED_OR_MOBILE, SHIM_TOLL_FREE, SHIM_PREMIUM, SHIM_SHARED_COST, SHIM_VOIP,
		 SHIM_PERSONAL, SHIM_PAGER, SHIM_UAN, SHIM_VOICEMAIL, SHIM_UNKNOWN };
enum shim_error { SHIM_OK, SHIM_COUNTRY, SHIM_NOT_A_NUMBER, SHIM_SHORT_AFTER_IDD, SHIM_TOO_SHORT, SHIM_TOO_LONG, SHIM_MEMORY };

struct shim_number {
	char e164[24], region[4];
	int country;
	enum shim_type type;
	int possible, valid;	 /* by length; by the numbering plan */
	int valid_short;	 /* the text is a short number of the region */
	int small_plan;		 /* whole numbers of the region have six digits or less */
};

enum shim_error shim_parse(const char *text, size_t n, const char *region, struct shim_number *out);
int shim_region_known(const char *region);

#ifdef __cplusplus
}
#endif
