/*
 * liquid: a template rendered again and again in one thread, each time with data of its own, built within the measure.
 *
 *     liquid TEMPLATE SECONDS     prints what was counted, as JSON, and the text of the first rendering
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "liquid/json_value.h"

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static json_t *product(const char *name, int price) { return json_pack("{s:s, s:i}", "name", name, "price", price); }

/* The same as the peer's in liquid.mjs. */
static json_t *customer(long i)
{
	char code[32], name[32];
	json_t *data;

	snprintf(code, sizeof code, "x%ld", i);
	snprintf(name, sizeof name, "ann%ld", i % 1000);
	data = json_pack("{s:s, s:s, s:s, s:s, s:[o, o, o]}", "tier", i % 3 ? "gold" : "std", "ends",
			 "2026-12-24T00:00:00Z", "code", code, "opt_out", "60300", "products", product("Tea", 4),
			 product("Coffee", 6 + (int)(i % 5)), product("Mug", 9));
	if (data && i % 7)
		json_object_set_new(data, "first_name", json_string(name));
	return data;
}

static void die(const char *what)
{
	fprintf(stderr, "liquid: %s\n", what);
	exit(1);
}

static void one(struct liquid_render *r, const struct liquid_template *t, long i, struct buf *out)
{
	json_t *data = customer(i);
	struct liquid_input in = {.data = liquid_json(data), .now = 1};
	struct liquid_error err;

	buf_reset(out);
	if (!data || liquid_render(r, t, &in, out, &err))
		die(data ? err.msg : "out of memory");
	json_decref(data);
}

static long resident_kb(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

int main(int argc, char **argv)
{
	struct liquid_render *r = liquid_render_new();
	struct liquid_template *t;
	struct liquid_error err;
	struct json_out j;
	struct buf out, line;
	double from, seconds;
	long n = 0, kb;

	if (argc != 3 || !r)
		die("usage: liquid TEMPLATE SECONDS");
	if (liquid_parse(NULL, str_of(argv[1]), &t, &err))
		die(err.msg);
	buf_init(&out, 1 << 20);
	buf_init(&line, 1 << 20);
	one(r, t, 1, &out);
	json_begin(&j, &line);
	json_obj(&j, NULL);
	json_str(&j, "output", buf_str(&out));
	seconds = strtod(argv[2], NULL);
	for (n = 0; n < 10000; n++) /* warm */
		one(r, t, n, &out);
	kb = resident_kb();
	for (n = 0, from = now_s(); now_s() - from < seconds;)
		for (int k = 0; k < 100; k++)
			one(r, t, n++, &out);
	json_int(&j, "renders", n);
	json_int(&j, "rate", (int64_t)((double)n / (now_s() - from)));
	json_int(&j, "grown_kb", resident_kb() - kb);
	json_end(&j);
	puts(buf_cstr(&line));
	liquid_template_free(&t);
	liquid_render_free(&r);
	buf_free(&out);
	buf_free(&line);
	return 0;
}
