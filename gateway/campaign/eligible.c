#include "campaign/eligible.h"

#include "segment/segment.h"

/* A segment that is gone has nobody in it. */
int eligible(struct db *db, struct str segment, const struct uuid *customer, int64_t now, bool *out, struct err *err)
{
	struct segment *s = NULL;
	struct err e = {0};
	int r;

	*out = segment.n == 0;
	if (*out)
		return 0;
	r = segment_load(db, segment, &s, &e);
	if (r == 0)
		r = segment_has(db, s, now, customer, out, &e);
	segment_free(&s);
	if (r && (e.kind == ERR_NOT_FOUND || e.kind == ERR_SEMANTIC)) {
		*out = false;
		return 0;
	}
	if (r)
		*err = e;
	return r;
}

int eligible_check(struct db *db, struct str segment, struct err *err)
{
	struct segment *s = NULL;
	struct err e = {0};
	int r;

	if (segment.n == 0)
		return 0;
	r = segment_load(db, segment, &s, &e);
	segment_free(&s);
	if (r == 0)
		return 0;
	if (e.kind == ERR_NOT_FOUND || e.kind == ERR_SEMANTIC)
		return err_set(err, ERR_SEMANTIC, "segment_unknown", "/segment", "there is no segment of that name");
	*err = e;
	return -1;
}
