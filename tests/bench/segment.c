/*
 * segment: counts segments in a store, with the gateway's own code, in process.
 *
 *     segment DSN    one JSON line: milliseconds of each segment (the median of five counts), of processor
 *                    time as well, and how many were in it;
 *                    walk: the bare SELECT COUNT(*) over all customers
 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "bench/kit.h"
#include "segment/segment.h"

enum { TIMES = 5 };

static const struct {
	const char *name, *conditions;
} segments[] = {
	{"tier", "{\"tier\":\"gold\"}"},
	{"attribute_text", "{\"attribute\":\"plan\",\"is\":\"p3\"}"},
	{"attribute_number", "{\"attribute\":\"spend\",\"above\":50}"},
	{"channel", "{\"channel\":\"email\"}"},
	{"consent", "{\"consent\":\"marketing\",\"channel\":\"sms\"}"},
	{"no_reply", "{\"not\":{\"message\":\"inbound\",\"within\":\"30d\"}}"},
	{"event", "{\"event\":\"bill\",\"within\":\"3650d\"}"},
	{"event_twice",
	 "{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":50}],\"within\":\"3650d\",\"at_least\":2}"},
	/* What marketing asks: gold and silver who spend, may be texted, were billed twice, and are not in touch. */
	{"offer",
	 "{\"all\":[{\"tier\":[\"gold\",\"silver\"]},{\"attribute\":\"spend\",\"above\":50},"
	 "{\"consent\":\"marketing\",\"channel\":\"sms\"},{\"not\":{\"message\":\"inbound\",\"within\":\"30d\"}},"
	 "{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":50}],\"within\":\"3650d\",\"at_least\":2}]}"},
};

static _Noreturn void die(const struct err *err)
{
	fprintf(stderr, "segment: %s\n", err->msg);
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void walk(struct db *db)
{
	struct err err = {0};

	if (db_run(db_query(db, "SELECT COUNT(*) FROM customer c WHERE c.merged_into IS NULL"), &err))
		die(&err);
}

static uint64_t count(struct db *db, const struct segment *s)
{
	struct err err = {0};
	uint64_t n = 0;

	if (segment_count(db, s, clock_now(), &n, &err))
		die(&err);
	return n;
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The median, in milliseconds. s NULL: the walk. */
static double timed(struct db *db, const struct segment *s, uint64_t *n, double *cpu)
{
	double ms[TIMES], before = cpu_ms();

	for (int k = 0; k < TIMES; k++) {
		uint64_t began = kit_now();
		if (s)
			*n = count(db, s);
		else
			walk(db);
		ms[k] = (double)(kit_now() - began) * 1e-6;
	}
	*cpu = (cpu_ms() - before) / TIMES;
	qsort(ms, TIMES, sizeof *ms, by_size);
	return ms[TIMES / 2];
}

int main(int argc, char **argv)
{
	struct err err = {0};
	struct db *db = NULL;
	struct buf b;
	char name[40];
	double cpu;

	if (argc != 2) {
		fputs("usage: segment DSN\n", stderr);
		return 2;
	}
	if (db_open(argv[1], DB_READ, &db, &err))
		die(&err);
	kit_line(&b, "segment");
	kit_number(&b, "walk", timed(db, NULL, NULL, &cpu));
	for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
		struct segment *s = NULL;
		uint64_t n = 0;
		if (segment_parse(str_of(segments[i].conditions), &s, &err))
			die(&err);
		kit_number(&b, segments[i].name, timed(db, s, &n, &cpu));
		snprintf(name, sizeof name, "%s_n", segments[i].name);
		kit_count(&b, name, n);
		snprintf(name, sizeof name, "%s_cpu", segments[i].name);
		kit_number(&b, name, cpu);
		segment_free(&s);
	}
	kit_say(&b);
	db_close(&db);
	return 0;
}
