#include "store/migrate.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"

int cmd_migrate(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline migrate", "",
		"Creates the store, or brings it to the schema of this program. `serve` does the same when it starts.",
		0, 0};
	const char *named = NULL;
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &named, "configuration that names the store"},
		OPTION_END,
	};
	struct config *c;
	struct db *db = NULL;
	struct err e = {0};
	struct buf shown;
	int from, to, r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (config_load(cli_config_path(named), NULL, NULL, &c, &e))
		return cli_fail("migrate", &e);
	buf_init(&shown, 4096);
	db_dsn_show(c->store.dsn, &shown);
	if (db_open(c->store.dsn, DB_WRITE, &db, &e) || migrate_run(db, &from, &to, &e))
		r = cli_fail("migrate", &e);
	else if (from == to)
		r = printf("%s has schema %d already\n", buf_cstr(&shown), to) < 0;
	else
		r = printf("%s: schema %d, was %d\n", buf_cstr(&shown), to, from) < 0;
	db_close(&db);
	buf_free(&shown);
	config_free(&c);
	return r;
}
