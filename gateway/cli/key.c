#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"
#include "http/keys.h"
#include "store/migrate.h"

struct ask {
	const char *config, *name, *role, *id;
};

static int create(const struct ask *a, struct db *db, struct err *e)
{
	char text[KEY_TEXT];
	struct api_key k;
	enum role role;

	if (!role_parse(str_of(a->role), &role))
		return err_set(e, ERR_SEMANTIC, "role_unknown", NULL,
			       "a role is one of agent, marketing, integration, admin");
	if (key_create(db, str_of(a->name), role, clock_now(), text, &k, e))
		return -1;
	fprintf(stderr, "key %s (%s, %s); it is shown only this once:\n", k.id, k.name, role_word(k.role));
	puts(text);
	explicit_bzero(text, sizeof text);
	return 0;
}

static void show(void *arg, const struct api_key *k)
{
	char created[TIME_TEXT], revoked[TIME_TEXT] = "-";

	(void)arg;
	time_format(k->created_at, created);
	if (k->revoked_at)
		time_format(k->revoked_at, revoked);
	printf("%s %-11s %s %-24s %s\n", k->id, role_word(k->role), created, revoked, k->name);
}

static int list(const struct ask *a, struct db *db, struct err *e)
{
	(void)a;
	return key_list(db, show, NULL, e);
}

static int revoke(const struct ask *a, struct db *db, struct err *e)
{
	return key_revoke(db, str_of(a->id), clock_now(), e);
}

static const struct {
	const char *name;
	int (*run)(const struct ask *a, struct db *db, struct err *e);
	struct usage usage;
} actions[] = {
	{"create",
	 create,
	 {"threadline key create", "", "Makes a key for the API and prints it. It cannot be shown again.", 0, 0}},
	{"list",
	 list,
	 {"threadline key list", "",
	  "Lists all keys: id, role, when made, when revoked, name. Never the keys themselves.", 0, 0}},
	{"revoke", revoke, {"threadline key revoke", "ID", "Ends a key at once, for running gateways too.", 1, 1}},
};

static int on_store(const struct ask *a, int (*run)(const struct ask *a, struct db *db, struct err *e), struct err *e)
{
	struct config *c;
	struct db *db = NULL;
	int from, to, r;

	if (config_load(cli_config_path(a->config), NULL, NULL, &c, e))
		return -1;
	r = db_open(c->store.dsn, DB_WRITE, &db, e);
	if (r == 0)
		r = migrate_run(db, &from, &to, e);
	if (r == 0)
		r = run(a, db, e);
	db_close(&db);
	config_free(&c);
	return r;
}

int cmd_key(int argc, char **argv)
{
	struct ask a = {.name = "unnamed", .role = "integration"};
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &a.config, "configuration that names the store"},
		{"role", 'r', OPTION_TEXT, "ROLE", &a.role, "agent, marketing, integration (default), admin"},
		{"name", 'n', OPTION_TEXT, "NAME", &a.name, "what the key is for"},
		OPTION_END,
	};
	static const struct option_spec none = OPTION_END;
	const struct option_spec config_only[] = {specs[0], none};
	const size_t n = sizeof actions / sizeof *actions;
	struct err e = {0};
	bool asked;
	size_t i = 0;
	int r;

	while (i < n && !(argc > 1 && strcmp(argv[1], actions[i].name) == 0))
		i++;
	if (i == n) {
		asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
		fputs("usage: threadline key create|list|revoke [OPTION...]\n", asked ? stdout : stderr);
		return asked ? CLI_OK : CLI_USAGE;
	}
	argc--;
	argv++;
	r = options_parse(&actions[i].usage, i == 0 ? specs : config_only, &argc, argv);
	if (r != OPTIONS_GO)
		return r;
	a.id = argc ? argv[0] : NULL;
	return on_store(&a, actions[i].run, &e) ? cli_fail("key", &e) : CLI_OK;
}
