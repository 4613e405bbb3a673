/*
 * The id in a receipt is often not written as the id in the answer to the submit: upper case, leading zeros, hexadecimal
 * in one and decimal in the other (SMPP 3.4 leaves the form to the vendor; section 5.2.23, appendix B). These are the
 * forms under which a receipt's id is looked for, in the order in which they are believed.
 *
 * An id is stored as it was given and, if that differs, once more in its canonical form under a mark that no carrier's id
 * begins with; so one look-up finds it whatever its own case and zeros were. Pure.
 */
#pragma once
#include "base/str.h"

enum receipt_rule { RULE_EXACT, RULE_CASE, RULE_ZEROS, RULE_BASE, RULE_UNCERTAIN, RULES };
enum { RECEIPT_ID_MAX = 128, RECEIPT_FORMS = 8 };

const char *receipt_rule_word(enum receipt_rule r); /* exact, case, zeros, hex_dec, uncertain */

struct receipt_form {
	struct str ref; /* key to look for */
	bool base;	/* it is the same number written to the other base */
};

struct receipt_forms {
	struct receipt_form v[RECEIPT_FORMS];
	size_t n, rooms;
	char room[RECEIPT_FORMS][RECEIPT_ID_MAX + 2];
};

/* The keys to try for the id of a receipt, in order; the first is the id itself. */
void receipt_forms(struct str id, struct receipt_forms *out);
/* The additional key under which an id is stored; false if it needs none. */
bool receipt_alias(struct str id, char room[RECEIPT_ID_MAX + 2], struct str *out);
/* By which rule the id of a receipt was found to be `stored`. */
enum receipt_rule receipt_rule(struct str id, struct str stored, bool base);
