/* Whom an offer or a campaign is for. */
#pragma once
#include "base/str.h"
#include "store/db.h"

/* Whether the customer is in the segment now; the empty name means everybody. */
int eligible(struct db *db, struct str segment, const struct uuid *customer, int64_t now, bool *out, struct err *err);
/* ERR_SEMANTIC "segment_unknown", with /segment as field. */
int eligible_check(struct db *db, struct str segment, struct err *err);
