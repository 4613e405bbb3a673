#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"
#include "store/backup.h"
#include "store/db.h"

struct job {
	const struct config *c;
	const char *file; /* the store */
	const char *from;
	bool replace;
	struct buf from_file, from_blobs, blobs, ready;
	struct blobs_copied copied;
	int schema;
};

static int names(struct job *j, struct err *err)
{
	buf_addf(&j->from_file, "%s/threadline.db", j->from);
	buf_addf(&j->from_blobs, "%s/blobs", j->from);
	buf_addf(&j->ready, "%s.restoring", j->file);
	config_blobs(j->c, &j->blobs);
	return j->from_file.failed || j->from_blobs.failed || j->ready.failed || j->blobs.failed ? err_nomem(err) : 0;
}

static int may_place(const struct job *j, struct err *err)
{
	struct stat st;

	if (stat(j->file, &st))
		return 0;
	if (backup_in_use(j->file))
		return err_set(err, ERR_CONFLICT, "store_in_use", NULL, "%s is open in another process: stop it first",
			       j->file);
	if (st.st_size && !j->replace)
		return err_set(err, ERR_CONFLICT, "store_exists", NULL, "%s exists; --replace keeps it as %s.old",
			       j->file, j->file);
	return 0;
}

static int attachments(struct job *j, struct err *err)
{
	struct blobs *to = NULL;
	int r;

	if (blobs_open(buf_cstr(&j->blobs), CONFIG_BLOB_MAX, &to, err))
		return -1;
	r = backup_blobs(buf_cstr(&j->from_blobs), CONFIG_BLOB_MAX, to, &j->copied, err);
	blobs_close(&to);
	return r;
}

/* Attachments come before the store that names them, which takes its place in one step. */
static int work(struct job *j, struct err *err)
{
	if (backup_check(buf_cstr(&j->from_file), &j->schema, err) || may_place(j, err) ||
	    backup_copy(buf_cstr(&j->from_file), buf_cstr(&j->ready), NULL, NULL, err) || attachments(j, err))
		return -1;
	if (may_place(j, err)) /* somebody may have started meanwhile */
		return -1;
	return backup_place(buf_cstr(&j->ready), j->file, err);
}

static int report(const struct job *j)
{
	const struct blobs_copied *b = &j->copied;

	if (printf("%s: restored from %s, schema %d, %lld attachments\n", j->file, j->from, j->schema,
		   (long long)(b->copied + b->present)) < 0)
		return CLI_FAILED;
	if (!b->damaged)
		return CLI_OK;
	fprintf(stderr,
		"threadline restore: %lld attachments of the back-up are damaged and left out, %.16s... is one\n",
		(long long)b->damaged, b->first_damaged);
	return CLI_FAILED;
}

static int restore(struct job *j)
{
	struct buf *all[] = {&j->from_file, &j->from_blobs, &j->blobs, &j->ready};
	struct err e = {0};
	int r;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_init(all[i], 8192);
	r = names(j, &e) || work(j, &e) ? cli_fail("restore", &e) : report(j);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
	return r;
}

int cmd_restore(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline restore", "",
		"Checks a back-up that \"threadline backup\" has made, and puts it in the place of the store that the\n"
		"configuration names, with its attachments. The gateway must be stopped. A store that is there "
		"already\n"
		"stays as it is, unless --replace is given: then it is kept as FILE.old.",
		0, 0};
	const char *named = NULL;
	struct job j = {0};
	struct config *c;
	struct err e = {0};
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &named, "configuration that names the store"},
		{"from", 'f', OPTION_TEXT, "FOLDER", &j.from, "the back-up"},
		{"replace", 0, OPTION_FLAG, NULL, &j.replace, "also where a store is"},
		OPTION_END,
	};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (!j.from || !*j.from) {
		fputs("threadline restore: a value is wanted for --from\n", stderr);
		return CLI_USAGE;
	}
	if (config_load(cli_config_path(named), NULL, NULL, &c, &e))
		return cli_fail("restore", &e);
	j.c = c;
	j.file = db_dsn_file(c->store.dsn);
	if (j.file) {
		r = restore(&j);
	} else {
		fputs("threadline restore: the store is PostgreSQL: use pg_restore, or its recovery to a point in "
		      "time\n",
		      stderr);
		r = CLI_FAILED;
	}
	config_free(&c);
	return r;
}
