/*
 * Copies of a SQLite store, made while gateways write to it. The copy is the store as it was at one moment, that at which
 * the copying began: it reads from one snapshot, so writers neither wait nor make it begin again. Meanwhile the log (WAL)
 * of the store cannot be taken back, and grows by what is written.
 *
 * Only for processes that do nothing else with SQLite. Blocking, from any thread.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "store/blob.h"

/* Pages done and in all; called every few MiB. */
typedef void backup_progress(void *arg, int64_t done, int64_t all);

/* from, to: files. What `to` held is gone. Returns when the copy is whole, checked and on disk; without a log of its own.
 * ERR_NOT_FOUND "store_not_found". */
int backup_copy(const char *from, const char *to, backup_progress *progress, void *arg, struct err *err);
/* That a file is a sound store of a schema this program knows; schema gets the number. ERR_SEMANTIC "backup_damaged",
 * ERR_UNAVAILABLE "store_too_new". */
int backup_check(const char *file, int *schema, struct err *err);
/* Whether a process has the store open. Asks for the locks that SQLite holds, so it works on a damaged file as well. */
bool backup_in_use(const char *file);
/* Puts the complete file `ready` (same folder) in the place of `file`. What was there is kept as FILE.old, with its log
 * as FILE.old-wal: a log that stayed would be taken for that of the new file. Nobody may have either open. */
int backup_place(const char *ready, const char *file, struct err *err);

struct blobs_copied {
	int64_t copied, present, damaged;
	char first_damaged[BLOB_NAME]; /* "" if none */
};
/* Copies each attachment below `folder` that `to` does not have. One whose bytes are not those of its name is counted and
 * left out. No folder: nothing to do. */
int backup_blobs(const char *folder, size_t max_size, struct blobs *to, struct blobs_copied *out, struct err *err);
