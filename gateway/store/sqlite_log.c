#include "store/sqlite_log.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 124 * 1024 }; /* SQLite's Unix layer takes less than 128 KiB at once */

struct log_file {
	sqlite3_file base;
	sqlite3_file *inner;
	char *room; /* NULL until the first write */
	sqlite3_int64 at;
	int n; /* bytes gathered, to be written at `at` */
};

static struct log_file *of(sqlite3_file *f) { return (struct log_file *)(void *)f; }

/* What cannot be written is dropped: SQLite undoes the transaction, and writes at the same place the next time. */
static int flush(struct log_file *f)
{
	int n = f->n;

	f->n = 0;
	return n ? f->inner->pMethods->xWrite(f->inner, f->room, n, f->at) : SQLITE_OK;
}

static int log_close(sqlite3_file *p)
{
	struct log_file *f = of(p);
	int rc = flush(f), closed = f->inner->pMethods->xClose(f->inner);

	free(f->room);
	return rc ? rc : closed;
}

static int log_write(sqlite3_file *p, const void *from, int n, sqlite3_int64 at)
{
	struct log_file *f = of(p);
	int rc;

	if (n == 0)
		return SQLITE_OK;
	if (f->n && (at != f->at + f->n || n > ROOM - f->n) && (rc = flush(f)))
		return rc;
	if (n > ROOM || (!f->room && !(f->room = malloc(ROOM))))
		return f->inner->pMethods->xWrite(f->inner, from, n, at);
	if (f->n == 0)
		f->at = at;
	memcpy(f->room + f->n, from, (size_t)n);
	f->n += n;
	return SQLITE_OK;
}

static int log_read(sqlite3_file *p, void *to, int n, sqlite3_int64 at)
{
	struct log_file *f = of(p);
	int rc = flush(f);
	return rc ? rc : f->inner->pMethods->xRead(f->inner, to, n, at);
}

static int log_truncate(sqlite3_file *p, sqlite3_int64 size)
{
	struct log_file *f = of(p);
	int rc = flush(f);
	return rc ? rc : f->inner->pMethods->xTruncate(f->inner, size);
}

static int log_sync(sqlite3_file *p, int flags)
{
	struct log_file *f = of(p);
	int rc = flush(f);
	return rc ? rc : f->inner->pMethods->xSync(f->inner, flags);
}

static int log_size(sqlite3_file *p, sqlite3_int64 *size)
{
	struct log_file *f = of(p);
	int rc = flush(f);
	return rc ? rc : f->inner->pMethods->xFileSize(f->inner, size);
}

static int log_lock(sqlite3_file *p, int level) { return of(p)->inner->pMethods->xLock(of(p)->inner, level); }
static int log_unlock(sqlite3_file *p, int level) { return of(p)->inner->pMethods->xUnlock(of(p)->inner, level); }

static int log_reserved(sqlite3_file *p, int *out)
{
	return of(p)->inner->pMethods->xCheckReservedLock(of(p)->inner, out);
}

static int log_control(sqlite3_file *p, int op, void *arg)
{
	return of(p)->inner->pMethods->xFileControl(of(p)->inner, op, arg);
}

static int log_sector(sqlite3_file *p) { return of(p)->inner->pMethods->xSectorSize(of(p)->inner); }

static int log_traits(sqlite3_file *p) { return of(p)->inner->pMethods->xDeviceCharacteristics(of(p)->inner); }

static int open_any(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
	static const sqlite3_io_methods methods = {.iVersion = 1,
						   .xClose = log_close,
						   .xRead = log_read,
						   .xWrite = log_write,
						   .xTruncate = log_truncate,
						   .xSync = log_sync,
						   .xFileSize = log_size,
						   .xLock = log_lock,
						   .xUnlock = log_unlock,
						   .xCheckReservedLock = log_reserved,
						   .xFileControl = log_control,
						   .xSectorSize = log_sector,
						   .xDeviceCharacteristics = log_traits};
	sqlite3_vfs *inner = vfs->pAppData;
	struct log_file *f = of(file);
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return inner->xOpen(inner, name, file, flags, out);
	*f = (struct log_file){.inner = (sqlite3_file *)(void *)(f + 1)};
	rc = inner->xOpen(inner, name, f->inner, flags, out);
	if (rc == SQLITE_OK)
		f->base.pMethods = &methods;
	return rc;
}

void sqlite_log_install(void)
{
	sqlite3_vfs *inner = sqlite3_vfs_find(NULL), *vfs = NULL;

	if (inner)
		vfs = sqlite3_malloc(sizeof *vfs); /* SQLite's own memory: it keeps it for ever */
	if (!vfs)
		return;
	*vfs = *inner;
	vfs->pNext = NULL;
	vfs->zName = SQLITE_LOG_LAYER;
	vfs->szOsFile += (int)sizeof(struct log_file);
	vfs->pAppData = inner;
	vfs->xOpen = open_any;
	if (sqlite3_vfs_register(vfs, 0) != SQLITE_OK)
		sqlite3_free(vfs);
}
