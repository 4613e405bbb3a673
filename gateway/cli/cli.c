#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct command cli_commands[] = {
	{"serve", "run the gateway", cmd_serve},
	{"check", "check the configuration, or print a sample of it", cmd_check},
	{"migrate", "bring the store to this program's schema", cmd_migrate},
	{"backup", "copy a SQLite store and its attachments while gateways run", cmd_backup},
	{"restore", "put a back-up in the place of the store", cmd_restore},
	{"copy", "carry a SQLite store over to PostgreSQL", cmd_copy},
	{"key", "create, list and revoke keys of the API", cmd_key},
	{"send", "send a message through a running gateway", cmd_send},
	{"tail", "follow the events of a running gateway", cmd_tail},
	{"explain", "show how numbers, PDUs, receipts and texts are read", cmd_explain},
	{"render", "render Liquid templates", cmd_render},
	{"import", "bring customers and events from a file into a running gateway", cmd_import},
	{0},
};

static void help(FILE *to)
{
	fputs("usage: threadline COMMAND [ARGUMENT...]\n\n", to);
	for (const struct command *c = cli_commands; c->name; c++)
		fprintf(to, "  %-10s %s\n", c->name, c->summary);
	fputs("  version    print the version\n\n\"threadline COMMAND --help\" tells more of each.\n", to);
}

/* What cannot be written (a full disk, a closed pipe) is a failure, not a success with nothing to show. */
static int flushed(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && status == CLI_OK) {
		fputs("threadline: cannot write the output\n", stderr);
		return CLI_FAILED;
	}
	return status;
}

int cli_main(int argc, char **argv, const char *version)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (const struct command *c = cli_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return flushed(c->run(argc - 1, argv + 1));
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("threadline %s\n", version);
		return flushed(CLI_OK);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		help(stdout);
		return flushed(CLI_OK);
	}
	if (*name)
		fprintf(stderr, "threadline: there is no command \"%s\"\n", name);
	help(stderr);
	return CLI_USAGE;
}

int cli_fail(const char *what, const struct err *err)
{
	fprintf(stderr, "threadline %s: %s\n", what, err->msg);
	return CLI_FAILED;
}

const char *cli_config_path(const char *named)
{
	static const char usual[] = "/etc/threadline/threadline.conf";
	const char *env = getenv("THREADLINE_CONFIG");

	if (named)
		return named;
	if (env && *env)
		return env;
	return access(usual, R_OK) == 0 ? usual : NULL;
}
