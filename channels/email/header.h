/*
 * The fields of a header (RFC 5322 section 2.2) and what stands in them: unfolded and decoded text (RFC 2047), message
 * ids, parameters (RFC 2045, 2183, 2231), dates. Everything is read as generously as bytes allow. Pure; results lie in
 * the arena or in the input. A struct str with .p NULL: out of memory.
 */
#pragma once
#include "email/parse.h"

/* Without empty lines and the envelope line of a mailbox file before the first field. */
struct str header_start(struct str raw);
/* Splits off the header; what is returned is the rest, behind the empty line. *failed: out of memory. */
struct str header_split(struct str raw, int max, struct arena *a, struct mail_fields *out, unsigned *defects,
			bool *failed);
/* Of the first field of this name, as it stands; empty when there is none. */
struct str header_raw(const struct mail_fields *f, const char *name);
struct str header_unfold(struct str raw, struct arena *a); /* line ends gone, white space at both ends too; UTF-8 */
struct str header_text(struct str raw, struct arena *a, unsigned *defects); /* and encoded words decoded */
int header_ids(struct str raw, int max, struct arena *a, struct mail_strings *out, unsigned *defects);
bool header_date(struct str raw, int64_t *at);
struct str header_lower(struct str raw, struct arena *a); /* the first word, up to ";", "(" or space, in lower case */

int header_addresses(struct str raw, int max, struct arena *a, struct mail_addresses *out, unsigned *defects);

/* Content-Type and Content-Disposition. */
struct header_param {
	struct str name;  /* lower case, without "*0*" */
	struct str value; /* decoded */
};

struct header_value {
	struct str value; /* "text/plain" or "attachment", lower case; as written if it is neither */
	struct header_param *at;
	int n;
};

int header_params(struct str raw, struct arena *a, struct header_value *out, unsigned *defects);
struct str header_param(const struct header_value *v, const char *name);
