/*
 * The command line. A command is a function over its own arguments (argv[0] is its name) that returns the exit status:
 * 0 done, 1 failed, 2 called wrongly. What is asked for goes to standard output, everything else to standard error.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
};

extern const struct command cli_commands[]; /* ended by a NULL name */

int cmd_serve(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_copy(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_tail(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_import(int argc, char **argv);

int cli_main(int argc, char **argv, const char *version);
/* "threadline WHAT: message" to standard error; returns CLI_FAILED. */
int cli_fail(const char *what, const struct err *err);
/* The file that --config names, else $THREADLINE_CONFIG, else /etc/threadline/threadline.conf if it is there, else NULL. */
const char *cli_config_path(const char *named);
