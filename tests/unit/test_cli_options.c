#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "cli/cli.h"
#include "cli/options.h"

static const struct usage usage = {"threadline x", "A [B]", "About x.", 1, 2};

struct got {
	bool flag;
	const char *text;
	int64_t number;
};

static int parse(struct got *g, int *argc, char **argv)
{
	const struct option_spec specs[] = {
		{"flag", 'f', OPTION_FLAG, NULL, &g->flag, "a flag"},
		{"text", 't', OPTION_TEXT, "TEXT", &g->text, "a text"},
		{"number", 0, OPTION_INT, "N", &g->number, "a number"},
		OPTION_END,
	};

	*g = (struct got){0};
	*argc = 0;
	while (argv[*argc])
		++*argc;
	return options_parse(&usage, specs, argc, argv);
}

#define ARGS(...) ((char **)(void *)(const char *[]){"x", __VA_ARGS__, NULL})

Test(options, operands_and_options_may_be_mixed)
{
	char **argv = ARGS("a", "--text", "one", "-f", "--number=7", "--", "-t");
	struct got g;
	int argc;

	cr_assert_eq(parse(&g, &argc, argv), OPTIONS_GO);
	cr_expect_eq(argc, 2);
	cr_expect_str_eq(argv[0], "a");
	cr_expect_str_eq(argv[1], "-t");
	cr_expect(g.flag);
	cr_expect_str_eq(g.text, "one");
	cr_expect_eq(g.number, 7);
	cr_expect_eq(parse(&g, &argc, ARGS("-", "-tx")), OPTIONS_GO);
	cr_expect_str_eq(g.text, "x");
}

Test(options, wrong_calls_are_told_apart_from_failures, .init = cr_redirect_stderr)
{
	struct got g;
	int argc;

	cr_expect_eq(parse(&g, &argc, ARGS("a", "--nope")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("a", "-z")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("a", "--text")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("a", "--flag=1")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("a", "--number", "x")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("a", "b", "c")), CLI_USAGE);
	cr_expect_eq(parse(&g, &argc, ARGS("-f")), CLI_USAGE, "an operand is missing");
}

Test(options, help_comes_from_the_table, .init = cr_redirect_stdout)
{
	struct got g;
	int argc;

	cr_expect_eq(parse(&g, &argc, ARGS("--help")), CLI_OK);
	fflush(stdout);
	cr_expect_stdout_eq_str("usage: threadline x [OPTION...] A [B]\n\nAbout x.\n\n"
				"  -f, --flag                   a flag\n"
				"  -t, --text TEXT              a text\n"
				"      --number N               a number\n");
}
