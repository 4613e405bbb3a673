#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrate.h"

enum { PAGES = 2048, BUSY_MS = 10000, SUFFIXES = 2 };
static const char *const beside[SUFFIXES] = {"-wal", "-shm"};

static int failed(sqlite3 *h, const char *what, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "store_unavailable", NULL, "%s: %s", what,
		       h ? sqlite3_errmsg(h) : "out of memory");
}

static int system_failed(const char *what, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "store_unavailable", NULL, "%s: %s", what, strerror(errno));
}

static int open_file(const char *path, int flags, sqlite3 **h, struct err *err)
{
	int rc = sqlite3_open_v2(path, h, flags, NULL);

	if (rc != SQLITE_OK)
		return failed(*h, path, err);
	sqlite3_busy_timeout(*h, BUSY_MS);
	return 0;
}

/* The first column of the first row, as text. */
static int one(sqlite3 *h, const char *sql, char *out, size_t room, struct err *err)
{
	sqlite3_stmt *q = NULL;
	const char *text = NULL;

	if (sqlite3_prepare_v2(h, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(q, 0);
	if (text)
		snprintf(out, room, "%s", text);
	else
		failed(h, "store", err);
	sqlite3_finalize(q);
	return text ? 0 : -1;
}

/* The transaction on the source is open already: each step reads what it sees, whatever others commit. */
static int pages(sqlite3 *from, sqlite3 *to, backup_progress *progress, void *arg, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (!b)
		return failed(to, "copy", err);
	do {
		rc = sqlite3_backup_step(b, PAGES);
		if (progress)
			progress(arg, sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b),
				 sqlite3_backup_pagecount(b));
	} while (rc == SQLITE_OK);
	if (sqlite3_backup_finish(b) == SQLITE_OK && rc == SQLITE_DONE)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "store_unavailable", NULL, "copy: %s", sqlite3_errstr(rc));
}

static int copy_open(sqlite3 *from, sqlite3 *to, backup_progress *progress, void *arg, struct err *err)
{
	char text[32];

	if (sqlite3_exec(from, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return failed(from, "store", err);
	if (one(from, "SELECT COUNT(*) FROM sqlite_master", text, sizeof text, err) || /* takes the snapshot */
	    pages(from, to, progress, arg, err))
		return -1;
	return one(to, "PRAGMA journal_mode=DELETE", text, sizeof text, err);
}

static int sync_path(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return system_failed(path, err);
	r = fsync(fd);
	close(fd);
	return r ? system_failed(path, err) : 0;
}

static int sync_folder_of(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct buf folder;
	int r;

	buf_init(&folder, 4096);
	buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash + 1 - path) : 1);
	r = folder.failed ? err_nomem(err) : sync_path(buf_cstr(&folder), err);
	buf_free(&folder);
	return r;
}

/* `path` and a suffix, into b. */
static const char *with(struct buf *b, const char *path, const char *suffix)
{
	buf_reset(b);
	buf_adds(b, path);
	buf_adds(b, suffix);
	return b->failed ? NULL : buf_cstr(b);
}

static int unlink_store(const char *file, struct err *err)
{
	static const char *const all[] = {"", "-journal", "-wal", "-shm"};
	struct buf b;
	int r = 0;

	buf_init(&b, 4096);
	for (size_t i = 0; r == 0 && i < sizeof all / sizeof *all; i++) {
		const char *path = with(&b, file, all[i]);
		if (!path)
			r = err_nomem(err);
		else if (unlink(path) && errno != ENOENT)
			r = system_failed(path, err);
	}
	buf_free(&b);
	return r;
}

int backup_copy(const char *from, const char *to, backup_progress *progress, void *arg, struct err *err)
{
	sqlite3 *source = NULL, *copy = NULL;
	int schema, r;

	if (access(from, F_OK))
		return err_set(err, ERR_NOT_FOUND, "store_not_found", NULL, "%s: %s", from, strerror(errno));
	r = unlink_store(to, err) || open_file(from, SQLITE_OPEN_READWRITE, &source, err) ||
	    open_file(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &copy, err) ||
	    copy_open(source, copy, progress, arg, err);
	sqlite3_close(source);
	sqlite3_close(copy);
	if (r || backup_check(to, &schema, err) || sync_path(to, err))
		return -1;
	return sync_folder_of(to, err);
}

static int check_open(sqlite3 *h, const char *file, int *schema, struct err *err)
{
	char text[200];

	if (one(h, "PRAGMA integrity_check(1)", text, sizeof text, NULL))
		snprintf(text, sizeof text, "%s", sqlite3_errmsg(h));
	if (strcmp(text, "ok") != 0)
		return err_set(err, ERR_SEMANTIC, "backup_damaged", NULL, "%s is damaged: %.120s", file, text);
	if (one(h, "SELECT COALESCE(MAX(number), 0) FROM migration", text, sizeof text, NULL))
		return err_set(err, ERR_SEMANTIC, "backup_damaged", NULL, "%s is no store of Threadline", file);
	int64_t number = 0;
	if (!str_i64(str_of(text), &number) || number > migrate_latest())
		return err_set(err, ERR_UNAVAILABLE, "store_too_new", NULL,
			       "%s has schema %s, this program knows %d: it was written by a newer release", file, text,
			       migrate_latest());
	*schema = (int)number;
	return 0;
}

int backup_check(const char *file, int *schema, struct err *err)
{
	sqlite3 *h = NULL;
	int r = open_file(file, SQLITE_OPEN_READONLY, &h, err) || check_open(h, file, schema, err);

	sqlite3_close(h);
	return r ? -1 : 0;
}

/* https://www.sqlite.org/src/file/src/os.h: the lock bytes begin at 1 GiB, 512 of them. A connection in WAL mode holds
 * some of them as long as it is open. */
bool backup_in_use(const char *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 512};
	int fd = open(file, O_RDWR | O_CLOEXEC);
	bool used;

	if (fd < 0)
		return false;
	used = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return used;
}

/* Moves FILE and its log to FILE.old. The log first: a file without its log is older than it was, a log without its file
 * would be the undoing of the next. */
static int move_away(const char *file, struct err *err)
{
	struct buf from, old, to;
	int r = 0;

	buf_init(&from, 4096);
	buf_init(&old, 4096);
	buf_init(&to, 4096);
	if (!with(&old, file, ".old"))
		r = err_nomem(err);
	r = r || unlink_store(buf_cstr(&old), err);
	for (int i = 0; r == 0 && i <= SUFFIXES; i++) {
		const char *suffix = i < SUFFIXES ? beside[i] : "";
		if (!with(&from, file, suffix) || !with(&to, buf_cstr(&old), suffix))
			r = err_nomem(err);
		else if (rename(buf_cstr(&from), buf_cstr(&to)) && errno != ENOENT)
			r = system_failed(buf_cstr(&from), err);
	}
	buf_free(&from);
	buf_free(&old);
	buf_free(&to);
	return r ? -1 : sync_folder_of(file, err);
}

int backup_place(const char *ready, const char *file, struct err *err)
{
	if (move_away(file, err))
		return -1;
	if (rename(ready, file))
		return system_failed(file, err);
	return sync_folder_of(file, err);
}
