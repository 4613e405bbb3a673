#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "store/backup.h"

enum { DEPTH = 2 }; /* folders of two digits above each attachment */

struct walk {
	struct blobs *from, *to;
	struct buf bytes;
	struct blobs_copied *out;
	struct err *err;
};

static int damaged(struct walk *w, const char *name)
{
	if (!w->out->damaged++)
		snprintf(w->out->first_damaged, sizeof w->out->first_damaged, "%s", name);
	return 0;
}

static int copy(struct walk *w, const char *name)
{
	char stored[BLOB_NAME];
	int64_t size, there;
	struct err e = {0};

	if (blob_size(w->from, name, &size, &e))
		return 0; /* a folder, or no name of ours */
	if (blob_size(w->to, name, &there, &e) == 0 && there == size) {
		w->out->present++;
		return 0;
	}
	buf_reset(&w->bytes);
	if (blob_get(w->from, name, &w->bytes, &e)) {
		if (strcmp(e.code, "attachment_damaged") == 0)
			return damaged(w, name);
		if (w->err)
			*w->err = e;
		return -1;
	}
	if (blob_put(w->to, str_n(w->bytes.p, w->bytes.n), stored, w->err))
		return -1;
	w->out->copied++;
	return 0;
}

static bool two_digits(const char *s) { return strlen(s) == 2 && strspn(s, "0123456789abcdef") == 2; }

static int visit(struct walk *w, const char *folder, int depth)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	struct buf below;
	int r = 0;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR ? 0
							   : err_set(w->err, ERR_UNAVAILABLE, "attachments_unavailable",
								     NULL, "%s: %s", folder, strerror(errno));
	buf_init(&below, 4096);
	while (r == 0 && (e = readdir(d))) {
		if (depth == DEPTH) {
			r = copy(w, e->d_name);
		} else if (two_digits(e->d_name)) {
			buf_reset(&below);
			buf_addf(&below, "%s/%s", folder, e->d_name);
			r = below.failed ? err_nomem(w->err) : visit(w, buf_cstr(&below), depth + 1);
		}
	}
	buf_free(&below);
	closedir(d);
	return r;
}

int backup_blobs(const char *folder, size_t max_size, struct blobs *to, struct blobs_copied *out, struct err *err)
{
	struct walk w = {.to = to, .out = out, .err = err};
	DIR *d = opendir(folder);
	int r;

	*out = (struct blobs_copied){0};
	if (!d && errno == ENOENT)
		return 0;
	if (d)
		closedir(d);
	if (blobs_open(folder, max_size, &w.from, err))
		return -1;
	buf_init(&w.bytes, max_size + 1);
	r = visit(&w, folder, 0);
	buf_free(&w.bytes);
	blobs_close(&w.from);
	return r;
}
