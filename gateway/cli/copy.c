#include "store/copy.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "timeline/search_index.h"

static void tell(void *arg, const char *table, int64_t rows, const char *what)
{
	const bool *quiet = arg;

	if (!*quiet)
		fprintf(stderr, "threadline copy: %s: %lld rows %s\n", table, (long long)rows, what);
}

int cmd_copy(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline copy", "",
		"Copies a SQLite store into an empty PostgreSQL database, whose schema it makes, and compares each "
		"table\n"
		"on both sides at the end (number of rows and a checksum). Broken off, it goes on where it was.\n"
		"What is promised: the target is the store as it was when this run began; the gateway may be at work.\n"
		"To move an installation: copy with --more while it runs, stop it, copy again without --more (tables "
		"that\n"
		"have changed are carried again), then start it with the new dsn. A gateway refuses to start on the\n"
		"target before that. Attachments in the folder stay where they are: name it with blobs = in [store].",
		0, 0};
	const char *from = NULL, *to = NULL;
	bool quiet = false, more = false;
	const struct option_spec specs[] = {
		{"from", 'f', OPTION_TEXT, "DSN", &from, "sqlite:FILE"},
		{"to", 't', OPTION_TEXT, "DSN", &to, "postgresql://..."},
		{"more", 0, OPTION_FLAG, NULL, &more, "another run will follow"},
		{"quiet", 'q', OPTION_FLAG, NULL, &quiet, "no progress"},
		OPTION_END,
	};
	const struct copy_hooks hooks = {.progress = tell, .searchable = search_index_one, .arg = &quiet};
	struct err e = {0};
	int64_t rows;
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (!from || !to || !db_dsn_file(from) || db_dsn_file(to)) {
		fputs("threadline copy: --from sqlite:FILE and --to postgresql://... are wanted\n", stderr);
		return CLI_USAGE;
	}
	if (copy_store(from, to, more, &hooks, &rows, &e))
		return cli_fail("copy", &e);
	return printf("%lld rows, the same on both sides\n", (long long)rows) < 0 ? CLI_FAILED : CLI_OK;
}
