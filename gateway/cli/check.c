#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"
#include "store/db.h"

static void report(void *arg, const struct err *what)
{
	(void)arg;
	fprintf(stderr, "%s\n", what->msg);
}

static int sample(void)
{
	struct buf b;
	int r = CLI_FAILED;

	buf_init(&b, 1 << 20);
	config_sample(&b);
	if (!b.failed) {
		fputs(buf_cstr(&b), stdout);
		r = CLI_OK;
	}
	buf_free(&b);
	return r;
}

static void no_state(struct host_account *h, enum account_state s, const char *reason)
{
	(void)h, (void)s, (void)reason;
}

static void no_count(struct host_account *h, const char *name, const char *label, int64_t n)
{
	(void)h, (void)name, (void)label, (void)n;
}

/* What an account's adapter has to say of its settings beyond its table: opened, never started. */
static int account(const struct config *c, const struct config_account *a, struct loop *loop, struct err *e)
{
	static const char secret[32];
	const struct channel_host host = {.name = a->name,
					  .loop = loop,
					  .region = c->identity.region,
					  .secret = str_n(secret, sizeof secret),
					  .state = no_state,
					  .count = no_count,
					  .gauge = no_count};
	struct account *opened = NULL;

	if (a->ops->open(a->set, &host, &opened, e))
		return -1;
	a->ops->close(&opened);
	return 0;
}

static int accounts(const struct config *c, const char *path)
{
	struct loop *loop = loop_new("check", NULL);
	struct err e = {0};
	int wrong = 0;

	if (!loop) {
		err_nomem(&e);
		return cli_fail("check", &e);
	}
	for (size_t i = 0; i < c->accounts_n; i++) {
		const struct config_account *a = &c->accounts[i];
		if (account(c, a, loop, &e) == 0)
			continue;
		fprintf(stderr, "%s:%d: [%s %s] %s%s%s\n", path, a->line, a->ops->name, a->name, e.field,
			e.field[0] ? ": " : "", e.msg);
		wrong++;
	}
	loop_free(&loop);
	return wrong;
}

int cmd_check(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline check", "",
		"Checks the whole configuration, each channel account's section included, and names file and line of\n"
		"everything that is wrong. Nothing is opened or connected. Exit status 0 if all is well, else 1.",
		0, 0};
	const char *named = NULL, *path;
	bool want_sample = false;
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &named, "configuration to check"},
		{"sample", 0, OPTION_FLAG, NULL, &want_sample, "print a commented sample instead"},
		OPTION_END,
	};
	struct config *c;
	struct err e = {0};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (want_sample)
		return sample();
	path = cli_config_path(named);
	if (config_load(path, report, NULL, &c, NULL))
		return CLI_FAILED;
	if (db_dsn_check(c->store.dsn, &e)) {
		fprintf(stderr, "%s: [store] dsn: %s\n", path ? path : "defaults", e.msg);
		config_free(&c);
		return CLI_FAILED;
	}
	r = accounts(c, path ? path : "") ? CLI_FAILED : CLI_OK;
	if (r == CLI_OK)
		printf("%s: well, with %zu account%s\n", path ? path : "defaults", c->accounts_n,
		       c->accounts_n == 1 ? "" : "s");
	config_free(&c);
	return r;
}
