#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "config.h"
#include "store/db.h"

struct job {
	const struct config *c;
	const char *file; /* the store */
	const char *to;
	bool quiet;
	struct buf blobs, part, part_file, part_blobs;
	struct blobs_copied copied;
};

static void tell(void *arg, int64_t done, int64_t all)
{
	const struct job *j = arg;

	if (!j->quiet)
		fprintf(stderr, "threadline backup: %lld of %lld pages\n", (long long)done, (long long)all);
}

static int failed(const char *path, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "backup_failed", NULL, "%s: %s", path, strerror(errno));
}

static int names(struct job *j, struct err *err)
{
	size_t n = strlen(j->to);

	while (n > 1 && j->to[n - 1] == '/')
		n--;
	buf_addf(&j->part, "%.*s.part", (int)n, j->to);
	buf_addf(&j->part_file, "%.*s.part/threadline.db", (int)n, j->to);
	buf_addf(&j->part_blobs, "%.*s.part/blobs", (int)n, j->to);
	config_blobs(j->c, &j->blobs);
	return j->part.failed || j->part_file.failed || j->part_blobs.failed || j->blobs.failed ? err_nomem(err) : 0;
}

static int attachments(struct job *j, struct err *err)
{
	struct blobs *to = NULL;
	int r;

	if (blobs_open(buf_cstr(&j->part_blobs), (size_t)CONFIG_BLOB_MAX, &to, err))
		return -1;
	/* After the store: what its rows name was on disk before they were. */
	r = backup_blobs(buf_cstr(&j->blobs), CONFIG_BLOB_MAX, to, &j->copied, err);
	blobs_close(&to);
	return r;
}

/* The folder gets its name when all of it is on disk. */
static int publish(struct job *j, int part, struct err *err)
{
	struct buf parent;
	int fd, r;

	if (fsync(part) || renameat2(AT_FDCWD, buf_cstr(&j->part), AT_FDCWD, j->to, RENAME_NOREPLACE))
		return failed(j->to, err);
	buf_init(&parent, 4096);
	buf_addf(&parent, "%s/..", j->to);
	fd = open(buf_cstr(&parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_free(&parent);
	r = fd < 0 || fsync(fd) ? failed(j->to, err) : 0;
	if (fd >= 0)
		close(fd);
	return r;
}

static int work(struct job *j, struct err *err)
{
	int part, r;

	if (access(j->to, F_OK) == 0)
		return err_set(err, ERR_CONFLICT, "backup_exists", NULL, "%s exists; a back-up has a folder of its own",
			       j->to);
	if (mkdir(buf_cstr(&j->part), 0700) && errno != EEXIST)
		return failed(buf_cstr(&j->part), err);
	part = open(buf_cstr(&j->part), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (part < 0)
		return failed(buf_cstr(&j->part), err);
	if (flock(part, LOCK_EX | LOCK_NB))
		r = failed(buf_cstr(&j->part), err);
	else
		r = backup_copy(j->file, buf_cstr(&j->part_file), tell, j, err) || attachments(j, err) ||
		    publish(j, part, err);
	close(part);
	return r ? -1 : 0;
}

static int report(const struct job *j)
{
	const struct blobs_copied *b = &j->copied;

	if (printf("%s: back-up of %s, %lld attachments\n", j->to, j->file, (long long)(b->copied + b->present)) < 0)
		return CLI_FAILED;
	if (!b->damaged)
		return CLI_OK;
	fprintf(stderr, "threadline backup: %lld attachments are damaged on disk and left out, %.16s... is one\n",
		(long long)b->damaged, b->first_damaged);
	return CLI_FAILED;
}

static int backup(struct job *j)
{
	struct buf *all[] = {&j->blobs, &j->part, &j->part_file, &j->part_blobs};
	struct err e = {0};
	int r;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_init(all[i], 8192);
	r = names(j, &e) || work(j, &e) ? cli_fail("backup", &e) : report(j);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
	return r;
}

int cmd_backup(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline backup", "",
		"Copies a SQLite store and its attachments into a new folder, while gateways write to it. The copy is\n"
		"the store as it was when the command began; it is checked before the folder gets its name, and until\n"
		"then the folder is called FOLDER.part (what a broken-off run has left there is used again).\n"
		"The log of the store grows by what is written meanwhile. The configuration is not part of it.\n"
		"Exit status 1 as well when an attachment was damaged on disk already, and so left out.",
		0, 0};
	const char *named = NULL;
	struct job j = {0};
	struct config *c;
	struct err e = {0};
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &named, "configuration that names the store"},
		{"to", 't', OPTION_TEXT, "FOLDER", &j.to, "where the back-up shall be; must not exist"},
		{"quiet", 'q', OPTION_FLAG, NULL, &j.quiet, "no progress"},
		OPTION_END,
	};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (!j.to || !*j.to) {
		fputs("threadline backup: a value is wanted for --to\n", stderr);
		return CLI_USAGE;
	}
	if (config_load(cli_config_path(named), NULL, NULL, &c, &e))
		return cli_fail("backup", &e);
	j.c = c;
	j.file = db_dsn_file(c->store.dsn);
	if (j.file) {
		r = backup(&j);
	} else {
		fputs("threadline backup: the store is PostgreSQL: use pg_dump, or pg_basebackup with archived WAL for "
		      "any "
		      "point in time, and copy the folder of the attachments after it\n",
		      stderr);
		r = CLI_FAILED;
	}
	config_free(&c);
	return r;
}
