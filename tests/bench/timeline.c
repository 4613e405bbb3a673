/*
 * timeline: the store of the bench, with the gateway's own code and SQL.
 *
 *     timeline fill DSN IDS INTERACTIONS CUSTOMERS   the big fixture (see timeline_fill.c)
 *     timeline page DSN IDS SECONDS LIMIT            the floor: the SELECT of a page, in process, one thread
 *     timeline warm DSN                              reads the tables of the timeline through, so that they are in memory
 *     timeline count DSN                             how many interactions and deliveries, by direction and status
 */
#include "bench/timeline.h"

#include <stdlib.h>

#include "model/words.h"
#include "store/bucket.h"
#include "timeline/interaction.h"

static const char usage[] =
	"usage: timeline fill DSN IDS INTERACTIONS CUSTOMERS | page DSN IDS SECONDS LIMIT | warm DSN | count DSN\n";

enum { DELIVERIES_MAX = 4, CONTENT = 12 };

void timeline_die(const struct err *err)
{
	fprintf(stderr, "timeline: %s\n", err->msg);
	exit(1);
}

static struct db *open_store(const char *dsn)
{
	struct err err = {0};
	struct db *db;

	if (db_open(dsn, DB_READ, &db, &err))
		timeline_die(&err);
	return db;
}

static size_t read_ids(const char *path, struct uuid **out)
{
	FILE *f = fopen(path, "r");
	struct uuid *v = NULL;
	size_t n = 0, cap = 0;
	char line[80];

	if (!f)
		kit_die(path);
	while (fgets(line, sizeof line, f)) {
		if (n == cap) {
			cap = cap ? cap * 2 : 4096;
			v = reallocarray(v, cap, sizeof *v);
			if (!v)
				kit_die("reallocarray");
		}
		if (uuid_parse(str_trim(str_of(line)), &v[n]))
			n++;
	}
	fclose(f);
	if (!n)
		kit_die(path);
	*out = v;
	return n;
}

/* As the gateway runs it: one entry more than the page shows, to know whether there is a next one. */
static long page_once(struct db *db, const struct uuid *customer, long limit)
{
	static const uint8_t newest[16] = {255, 255, 255, 255, 255, 255, 255, 255,
					   255, 255, 255, 255, 255, 255, 255, 255};
	struct stmt *q = db_query(db, timeline_page_sql());
	struct uuid id, last = {{0}};
	struct err err = {0};
	long entries = 0;
	size_t bytes = 0;
	int r;

	db_bind_i64(q, 1, bucket_of(customer));
	db_bind_uuid(q, 2, customer);
	db_bind_blob(q, 3, newest, sizeof newest);
	db_bind_i64(q, 4, (limit + 1) * DELIVERIES_MAX);
	while (entries <= limit && (r = db_step(q, &err)) == DB_ROW) {
		bytes += db_col_str(q, CONTENT).n;
		if (db_col_uuid(q, 0, &id) && !uuid_eq(&id, &last))
			entries++;
		last = id;
	}
	db_done(q);
	if (err.kind != ERR_NONE)
		timeline_die(&err);
	return bytes ? entries : 0;
}

static void pages(const char *dsn, const char *path, long seconds, long limit)
{
	struct db *db = open_store(dsn);
	struct uuid *ids;
	size_t n = read_ids(path, &ids);
	uint64_t start = kit_now(), end = start + (uint64_t)seconds * 1000000000u, now = start, seed = start;
	static struct hist h;
	long done = 0, entries = 0;
	struct buf b;

	while (now < end) {
		entries += page_once(db, &ids[kit_random(&seed) % n], limit);
		uint64_t then = now;
		now = kit_now();
		hist_add(&h, now - then);
		done++;
	}
	kit_line(&b, "pages");
	kit_count(&b, "count", (uint64_t)done);
	kit_number(&b, "rate", (double)done / ((double)(now - start) * 1e-9));
	kit_number(&b, "entries", (double)entries / (double)done);
	kit_latency(&b, "page", &h);
	kit_say(&b);
	db_close(&db);
	free(ids);
}

static void warm(const char *dsn)
{
	static const char *const scans[] = {"SELECT COUNT(*) FROM interaction WHERE content > '~'",
					    "SELECT COUNT(*) FROM delivery WHERE trail > '~'",
					    "SELECT COUNT(*) FROM customer WHERE name > '~'"};
	struct db *db = open_store(dsn);
	struct err err = {0};

	for (size_t i = 0; i < sizeof scans / sizeof *scans; i++)
		if (db_run(db_query(db, scans[i]), &err))
			timeline_die(&err);
	db_close(&db);
}

static void count(const char *dsn)
{
	static const char directions[] = "SELECT direction, COUNT(*) FROM interaction GROUP BY direction";
	static const char statuses[] = "SELECT status, COUNT(*) FROM delivery GROUP BY status";
	struct db *db = open_store(dsn);
	struct stmt *q = db_query(db, directions);
	struct err err = {0};
	struct buf b;

	kit_line(&b, "count");
	while (db_step(q, &err) == DB_ROW)
		kit_count(&b, direction_word((enum direction)db_col_i64(q, 0)), (uint64_t)db_col_i64(q, 1));
	db_done(q);
	q = db_query(db, statuses);
	while (db_step(q, &err) == DB_ROW)
		kit_count(&b, status_word((enum status)db_col_i64(q, 0)), (uint64_t)db_col_i64(q, 1));
	db_done(q);
	if (err.kind != ERR_NONE)
		timeline_die(&err);
	kit_say(&b);
	db_close(&db);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 6 && strcmp(what, "fill") == 0)
		timeline_fill(argv[2], argv[3], kit_long("interactions", argv[4], 1, 1000000000),
			      kit_long("customers", argv[5], 1, 10000000));
	else if (argc == 6 && strcmp(what, "page") == 0)
		pages(argv[2], argv[3], kit_long("seconds", argv[4], 1, 3600), kit_long("limit", argv[5], 1, 200));
	else if (argc == 3 && strcmp(what, "warm") == 0)
		warm(argv[2]);
	else if (argc == 3 && strcmp(what, "count") == 0)
		count(argv[2]);
	else
		kit_usage(usage);
	return 0;
}
