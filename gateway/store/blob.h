/*
 * Attachments: files named by the SHA-256 of what is in them, so the same picture is kept once, and whoever has read a
 * name can prove the content. Stored under FOLDER/ab/cd/abcd…; a file appears under its name only when it is complete and
 * on disk (temporary file, fsync, rename, fsync of the folders), so a name in the database never points at half a file.
 *
 * Thread-safe, without locks: two that store the same at once write the same bytes. Every call blocks on the disk: not
 * from the loop of an adapter. Several processes may share a folder.
 *
 * Names come from outside: anything but 64 lower-case hex digits is ERR_NOT_FOUND. A disk that is full, read-only or
 * failing is ERR_UNAVAILABLE with a retry time, and passes when the cause goes.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct blobs;

enum { BLOB_NAME = 65 }; /* with NUL */

/* Makes the folder if it is not there, and removes what a crash has left in it. max_size: of one blob, bytes. */
int blobs_open(const char *folder, size_t max_size, struct blobs **out, struct err *err);
void blobs_close(struct blobs **b);

size_t blobs_max(const struct blobs *b); /* bytes of one blob */
/* Returns when it is on disk. ERR_TOO_LARGE "attachment_too_large". */
int blob_put(struct blobs *b, struct str bytes, char sha256[BLOB_NAME], struct err *err);
/* ERR_NOT_FOUND "attachment_not_found". */
int blob_size(struct blobs *b, const char *sha256, int64_t *size, struct err *err);
/* Reads all of it into out (whose max must suffice) and checks it: ERR_INTERNAL "attachment_damaged" if the bytes are not
 * those that were stored. */
int blob_get(struct blobs *b, const char *sha256, struct buf *out, struct err *err);
