#include "campaign/eligible.h"

int eligible(struct db *db, struct str segment, const struct uuid *customer, int64_t now, bool *out, struct err *err)
{
	(void)customer, (void)now;
	*out = segment.n == 0;
	return *out ? 0 : eligible_check(db, segment, err);
}

int eligible_check(struct db *db, struct str segment, struct err *err)
{
	(void)db;
	return segment.n == 0
		       ? 0
		       : err_set(err, ERR_SEMANTIC, "segment_unknown", "/segment", "there is no segment of that name");
}
