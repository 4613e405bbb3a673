/*
 * What is doubtful in a template before anybody gets it: each text is read and rendered with the sample of its version for
 * an invented customer. And which other templates use one.
 */
#pragma once
#include "channel/accounts.h"
#include "outbound/template.h"

struct template_lint {
	struct db *db;
	struct accounts *accounts; /* for the size of texts */
	const char *region;
	struct str name;
	int version;
	int max_segments; /* of an SMS */
	int64_t now;	  /* microseconds */
};

/*
 * Opens and closes the list "findings": {severity, code, channel, locale, part, line, column, detail}; severity is error,
 * warning or notice. Codes: variable_unknown (neither in the sample nor the customer's), attribute (a notice: from the
 * customer's attributes, perhaps a slip), partial_unknown, translation_missing, render_failed, sms_long,
 * unsubscribe_missing (a marketing mail without a visible way out), default_missing (no text for other locales).
 */
int template_lint_json(const struct template_lint *l, struct json_out *j, struct arena *a, struct err *err);

/* Opens and closes the list "templates": name and version of each published one that names this one as a partial. */
int template_used_by_json(struct db *db, struct json_out *j, struct str name, struct arena *a, struct err *err);
