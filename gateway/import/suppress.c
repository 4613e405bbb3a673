/* A row of a suppression list: its addresses get nothing from now on; they need not be any customer's. */
#include <stdio.h>

#include "customer/suppression.h"
#include "import/apply.h"
#include "import/row_private.h"

static bool says_more(const struct row *r)
{
	return r->external_id.n || r->name.n || r->locale.n || r->time_zone.n || r->tier.n || r->has_stage ||
	       r->attributes || r->consents || r->event.n || r->event_id.n || r->text.n || r->at || r->data;
}

static int purpose_of(const struct row *r, int *out, struct err *err)
{
	enum purpose p;

	*out = SUPPRESSION_ALL;
	if (!r->purpose.n || str_is(r->purpose, "all"))
		return 0;
	if (!purpose_parse(r->purpose, &p))
		return row_bad(err, "purpose", "word_unknown", "all, service, marketing or survey");
	*out = (int)p;
	return 0;
}

int row_suppress(struct apply *x, const struct row *r, enum row_outcome *out, struct err *err)
{
	char import[UUID_TEXT], proof[100];
	int purpose;

	*out = ROW_UNCHANGED;
	if (says_more(r))
		return row_bad(err, NULL, "member_unknown",
			       "only addresses, reason, source and purpose have a meaning here");
	if (!r->contacts)
		return row_bad(err, NULL, "nobody", "the row has no address: phone or email");
	if (purpose_of(r, &purpose, err))
		return -1;
	snprintf(proof, sizeof proof, "{\"import\":\"%s\",\"line\":%lld}", uuid_format(x->import, import),
		 (long long)x->line);
	for (size_t k = 0; k < r->contacts; k++) {
		struct suppression s = {.address = r->contact[k],
					.purpose = purpose,
					.reason = r->reason.n ? r->reason : STR("list"),
					.source = r->source.n ? r->source : STR("import"),
					.proof = str_of(proof)};
		bool added;
		if (suppression_add(x->db, x->ev, &s, x->now, &added, err))
			return -1;
		*out = added ? ROW_CREATED : *out;
	}
	return 0;
}
