#include "cli/options.h"

#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"

static int wrong(const struct usage *u, const char *what, const char *name)
{
	fprintf(stderr, "%s: %s%s\nTry \"%s --help\".\n", u->command, what, name, u->command);
	return CLI_USAGE;
}

static void help(const struct usage *u, const struct option_spec *specs)
{
	printf("usage: %s%s%s%s\n\n%s\n", u->command, specs->name ? " [OPTION...]" : "", *u->operands ? " " : "",
	       u->operands, u->about);
	if (specs->name)
		puts("");
	for (const struct option_spec *o = specs; o->name; o++) {
		char left[64], letter[5] = "    ";
		if (o->letter)
			snprintf(letter, sizeof letter, "-%c, ", o->letter);
		snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-28s %s\n", left, o->help);
	}
}

static const struct option_spec *find(const struct option_spec *o, struct str name, char letter)
{
	for (; o->name; o++)
		if (letter ? o->letter == letter : str_is(name, o->name))
			return o;
	return NULL;
}

static int take(const struct usage *u, const struct option_spec *o, const char *value)
{
	switch (o->type) {
	case OPTION_FLAG: *(bool *)o->to = true; return OPTIONS_GO;
	case OPTION_TEXT: *(const char **)o->to = value; return OPTIONS_GO;
	case OPTION_INT:
		if (!str_i64(str_of(value), o->to))
			return wrong(u, "a whole number is wanted for --", o->name);
		return OPTIONS_GO;
	}
	return CLI_USAGE;
}

/* One option at argv[*i]; advances over its value. */
static int option(const struct usage *u, const struct option_spec *specs, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value = NULL;
	const struct option_spec *o;

	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
		help(u, specs);
		return CLI_OK;
	}
	if (arg[1] == '-') {
		const char *eq = strchr(arg, '=');
		o = find(specs, str_n(arg + 2, eq ? (size_t)(eq - arg) - 2 : strlen(arg) - 2), 0);
		value = eq ? eq + 1 : NULL;
	} else {
		o = find(specs, STR(""), arg[1]);
		value = arg[2] ? arg + 2 : NULL;
	}
	if (!o)
		return wrong(u, "there is no option ", arg);
	if (o->type == OPTION_FLAG && value)
		return wrong(u, "no value belongs to --", o->name);
	if (o->type != OPTION_FLAG && !value) {
		if (*i + 1 >= argc)
			return wrong(u, "a value is wanted for --", o->name);
		value = argv[++*i];
	}
	return take(u, o, value);
}

int options_parse(const struct usage *u, const struct option_spec *specs, int *argc, char **argv)
{
	int n = 0;
	bool ended = false;

	for (int i = 1; i < *argc; i++) {
		int r = OPTIONS_GO;
		if (!ended && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (ended || argv[i][0] != '-' || !argv[i][1])
			argv[n++] = argv[i];
		else
			r = option(u, specs, *argc, argv, &i);
		if (r != OPTIONS_GO)
			return r;
	}
	if (n < u->least)
		return wrong(u, "more is wanted: ", u->operands);
	if (u->most >= 0 && n > u->most)
		return wrong(u, "too much: ", argv[u->most]);
	*argc = n;
	return OPTIONS_GO;
}
