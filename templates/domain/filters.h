/*
 * What Liquid does not know and a provider needs: filters that write for the person who reads.
 *
 *	{{ 49.9 | money: "EUR" }}		"49,90 €" in German
 *	{{ 12345.678 | number: 1 }}		"12.345,7"
 *	{{ due | local_date: "long" }}		"23. November 2026"; short, medium (the default), long, full, or a
 *						skeleton of CLDR ("MMMd")
 *	{{ start | local_time: "short" }}	"14:30", in the reader's time zone
 *	{{ customer.number | phone }}		"+49 1512 3456789"; "national": "01512 3456789"
 *	{{ text | sms_parts }}			how many segments the text takes as SMS
 *	{{ "order.ready" | t: name: "Lee" }}	the translation of that key; {name} in it is replaced. With `count` the key
 *						"order.ready.one", ".few", ".other" … that the language's plural rules want;
 *						`default` is for where there is no translation: without it the render fails
 *
 * The host sets liquid_input.host to a struct domain. Formats come from ICU's CLDR data.
 */
#pragma once
#include "liquid/liquid.h"

struct domain_formats; /* opened formatters, kept from render to render; one thread at a time */

/* As every filter sees it. Zeroed: English, UTC, nothing to look up. */
struct domain {
	struct str locale;    /* BCP 47: "de", "pt-BR" */
	struct str time_zone; /* IANA: "Europe/Berlin" */
	struct str region;    /* ISO 3166 of national numbers: "DE" */
	struct str currency;  /* ISO 4217, where `money` names none */
	struct domain_formats *formats;
	void *arg; /* of the two below */
	/* How many segments; -1: it cannot be said here. NULL: the same. */
	int (*sms_parts)(void *arg, struct str text);
	/* False: there is no such key. The text lives as long as the render. */
	bool (*translate)(void *arg, struct str key, struct str *out);
};

const struct liquid_filter *domain_filters(size_t *n);

struct domain_formats *domain_formats_new(void); /* NULL when out of memory */
void domain_formats_free(struct domain_formats **f);
