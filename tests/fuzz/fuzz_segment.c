/* Conditions of segments: whatever is taken becomes a statement that the store understands, with no more parameters than
 * it can have; and what it says does not depend on how it is asked. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "segment/segment.h"
#include "store/migrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db *store(void)
{
	static struct db *db;
	struct err e;
	int from, to;

	if (!db && (db_open(":memory:", DB_WRITE, &db, &e) || migrate_run(db, &from, &to, &e)))
		abort();
	return db;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment *s = NULL;
	struct err e = {0};
	struct uuid ids[2];
	uint64_t n;
	size_t k;

	if (segment_parse(str_n((const char *)data, size), &s, &e)) {
		if (!e.code[0])
			abort();
		return 0;
	}
	if (segment_count(store(), s, 1700 * INT64_C(1000000000000), &n, &e)) {
		if (e.kind != ERR_SEMANTIC)
			abort();
	} else if (n != 0 || segment_page(store(), s, INT64_C(1700000000000000), NULL, ids, 2, &k, &e) || k != 0) {
		abort();
	}
	segment_free(&s);
	return 0;
}
