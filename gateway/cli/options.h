/* Options of a command, as a table: parsing, messages and --help come from it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_INT }; /* bool, const char *, int64_t */

struct option_spec {
	const char *name; /* long name without dashes */
	char letter;	  /* 0: none */
	enum option_type type;
	const char *arg; /* what to call the value in --help */
	void *to;
	const char *help;
};
/* clang-format off */
#define OPTION_END {0}
/* clang-format on */

struct usage {
	const char *command;  /* "threadline key create" */
	const char *operands; /* "TO TEXT...|-", "" if none */
	const char *about;    /* one or more lines */
	int least, most;      /* operands; most -1: any number */
};

enum { OPTIONS_GO = -1 };

/* Moves the operands to argv[0..*argc). OPTIONS_GO, or the exit status to leave with: 0 after --help, 2 when called
 * wrongly (said already). "--" ends the options; "-" is an operand. */
int options_parse(const struct usage *u, const struct option_spec *specs, int *argc, char **argv);
