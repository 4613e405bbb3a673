/* ICU's formats by locale. Texts are UTF-8; -1 where ICU will not (a currency, a zone or a pattern that does not exist). */
#pragma once
#include "domain/filters.h"

enum { ICU_TEXT = 256 };

int icu_money(struct domain_formats *f, struct str locale, double amount, struct str currency, char out[ICU_TEXT]);
int icu_number(struct domain_formats *f, struct str locale, double value, int decimals, char out[ICU_TEXT]);
/* style: short, medium, long, full, or a skeleton. `time`: the time of day instead of the date. */
int icu_date(struct domain_formats *f, struct str locale, struct str zone, struct str style, bool time, double seconds,
	     char out[ICU_TEXT]);
/* "one", "few", "other" … */
int icu_plural(struct domain_formats *f, struct str locale, double n, char out[ICU_TEXT]);
