/*
 * libphonenumber in C, no more: what to make of its answers is decided in phone.c. Thread-safe; no exception leaves it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum phone_shim_fault {
	PHONE_SHIM_OK,
	PHONE_SHIM_NO_COUNTRY, /* no country code, or one that nobody has */
	PHONE_SHIM_NOT_A_NUMBER,
	PHONE_SHIM_TOO_SHORT,
	PHONE_SHIM_TOO_LONG,
	PHONE_SHIM_FAILED /* out of memory */
};

/* The library's number types, in its order. */
enum phone_shim_type {
	PHONE_SHIM_FIXED,
	PHONE_SHIM_MOBILE,
	PHONE_SHIM_FIXED_OR_MOBILE,
	PHONE_SHIM_TOLL_FREE,
	PHONE_SHIM_PREMIUM,
	PHONE_SHIM_SHARED_COST,
	PHONE_SHIM_VOIP,
	PHONE_SHIM_PERSONAL,
	PHONE_SHIM_PAGER,
	PHONE_SHIM_UAN,
	PHONE_SHIM_VOICEMAIL,
	PHONE_SHIM_UNKNOWN,
	PHONE_SHIM_TYPES
};

enum phone_shim_length {
	PHONE_SHIM_POSSIBLE,
	PHONE_SHIM_LOCAL_ONLY,
	PHONE_SHIM_LESS,
	PHONE_SHIM_MORE,
	PHONE_SHIM_OTHER
};

struct phone_shim {
	char e164[24]; /* empty if it would be longer */
	char region[4];
	int country; /* calling code */
	enum phone_shim_length length;
	enum phone_shim_type type;
	bool valid;	/* matches the numbering plan as the library knows it */
	bool by_region; /* the country came from the region, not from the text */
	bool complete; /* by_region, and the digits are as the country writes a number in full, trunk prefix included */
};

/* text: UTF-8. region "" or NULL: none. */
enum phone_shim_fault phone_shim_parse(const char *text, size_t n, const char *region, struct phone_shim *out);
/* How people of a country write the number. false: it is none, or `out` is too small. */
bool phone_shim_show(const char *text, size_t n, const char *region, bool national, char *out, size_t room);
/* Calling code of a region, 0 if there is none of that name. */
int phone_shim_country(const char *region);

#ifdef __cplusplus
}
#endif
