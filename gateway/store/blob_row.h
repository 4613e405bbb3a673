/*
 * Small attachments, kept as rows of the store: a file of its own costs a few trips to the disk, one after the other, and a
 * gateway takes mails (whose originals it keeps) faster than a disk takes files. As a row it goes with the group commit.
 * Same names and the same promises as blob.h; who reads looks for a file first, since those are what browsers upload.
 *
 * blob_row_put: within a job of the writer. Others: on any connection.
 */
#pragma once
#include "store/blob.h"
#include "store/db.h"

enum { BLOB_ROW_MAX = 64 << 10 }; /* bytes; what is larger is a file */

void blob_name(struct str bytes, char sha256[BLOB_NAME]);
int blob_row_put(struct db *db, const char *sha256, struct str bytes, int64_t now, struct err *err);
/* Wherever it lies. db NULL: only among the files. Errors as blob_get has them. */
int blob_load(struct blobs *files, struct db *db, const char *sha256, struct buf *out, struct err *err);
