#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"

enum { ABANDONED_S = 3600, RETRY_S = 5 };

struct blobs {
	int root, temporary; /* folders */
	size_t max;
};

/* Where a blob lies: the folders on the way, and its name in the last one. */
struct place {
	char outer[3], inner[6]; /* "ab", "ab/cd" */
	char path[BLOB_NAME + 6];
};

static int unavailable(struct err *err, const char *what)
{
	err_set(err, ERR_UNAVAILABLE, "attachments_unavailable", NULL, "attachments: %s: %s", what, strerror(errno));
	if (err)
		err->retry_after_s = RETRY_S;
	return -1;
}

static int not_found(struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "attachment_not_found", NULL, "there is no such attachment");
}

static int locate(const char *sha256, struct place *p, struct err *err)
{
	for (size_t i = 0; i < BLOB_NAME - 1; i++)
		if (!sha256[i] || !strchr("0123456789abcdef", sha256[i]))
			return not_found(err);
	if (sha256[BLOB_NAME - 1])
		return not_found(err);
	snprintf(p->outer, sizeof p->outer, "%.2s", sha256);
	snprintf(p->inner, sizeof p->inner, "%.2s/%.2s", sha256, sha256 + 2);
	snprintf(p->path, sizeof p->path, "%s/%.64s", p->inner, sha256);
	return 0;
}

/* A folder below another, made if it is not there; -1 with errno. */
static int subfolder(int at, const char *name, bool *made)
{
	*made = mkdirat(at, name, 0750) == 0;
	if (!*made && errno != EEXIST)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What crashed writers have left behind; what is young may be somebody's at work. */
static void tidy(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int64_t now = clock_now() / US_SEC;
	struct dirent *e;
	struct stat st;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime + ABANDONED_S < now)
			unlinkat(folder, e->d_name, 0);
	closedir(d);
}

int blobs_open(const char *folder, size_t max_size, struct blobs **out, struct err *err)
{
	struct blobs *b = calloc(1, sizeof *b);
	bool made;

	if (!b)
		return err_nomem(err);
	b->max = max_size;
	b->temporary = -1;
	b->root = subfolder(AT_FDCWD, folder, &made);
	if (b->root >= 0)
		b->temporary = subfolder(b->root, "tmp", &made);
	if (b->temporary < 0) {
		unavailable(err, folder);
		blobs_close(&b);
		return -1;
	}
	tidy(b->temporary);
	*out = b;
	return 0;
}

void blobs_close(struct blobs **bp)
{
	struct blobs *b = *bp;

	if (!b)
		return;
	if (b->root >= 0)
		close(b->root);
	if (b->temporary >= 0)
		close(b->temporary);
	free(b);
	*bp = NULL;
}

size_t blobs_max(const struct blobs *b) { return b->max; }

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			bytes = str_n(bytes.p + n, bytes.n - (size_t)n);
	}
	return 0;
}

/* A complete file under a temporary name, on disk. */
static int write_temporary(struct blobs *b, const char *name, struct str bytes)
{
	int fd = openat(b->temporary, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640), r, cause;

	if (fd < 0)
		return -1;
	r = write_all(fd, bytes) || fsync(fd);
	cause = errno;
	if (close(fd) && !r) {
		r = -1;
		cause = errno;
	}
	if (r)
		unlinkat(b->temporary, name, 0);
	errno = cause;
	return r ? -1 : 0;
}

/* The folders of a blob; each that is new is an entry of its parent, which must be on disk as well. Returns the inner one. */
static int folders(struct blobs *b, const struct place *p)
{
	bool new_outer, new_inner = false;
	int outer = subfolder(b->root, p->outer, &new_outer), inner, r = 0;

	if (outer < 0)
		return -1;
	inner = subfolder(b->root, p->inner, &new_inner);
	if (inner >= 0 && ((new_outer && fsync(b->root)) || (new_inner && fsync(outer))))
		r = -1;
	if (r) {
		close(inner);
		inner = -1;
	}
	close(outer);
	return inner;
}

static int store(struct blobs *b, const struct place *p, struct str bytes)
{
	char name[40] = "", random[16];
	int inner = folders(b, p), r;
	struct stat st;

	if (inner < 0)
		return -1;
	/* There already; but the one who put it may still be at its last fsync, so that is ours to do as well. */
	if (fstatat(b->root, p->path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size == bytes.n) {
		r = fsync(inner);
	} else {
		crypto_random(random, sizeof random);
		crypto_hex(random, sizeof random, name);
		r = write_temporary(b, name, bytes);
		if (r == 0 && renameat(b->temporary, name, b->root, p->path)) {
			r = -1;
			unlinkat(b->temporary, name, 0);
		}
		r = r || fsync(inner) ? -1 : 0;
	}
	close(inner);
	return r;
}

int blob_put(struct blobs *b, struct str bytes, char sha256[BLOB_NAME], struct err *err)
{
	uint8_t hash[SHA256_LEN];
	struct place p;

	if (bytes.n > b->max)
		return err_set(err, ERR_TOO_LARGE, "attachment_too_large", NULL, "an attachment has at most %zu bytes",
			       b->max);
	crypto_sha256(bytes, hash);
	crypto_hex(hash, sizeof hash, sha256);
	if (locate(sha256, &p, err))
		return -1;
	return store(b, &p, bytes) ? unavailable(err, "cannot store") : 0;
}

static int open_blob(struct blobs *b, const char *sha256, struct stat *st, struct err *err)
{
	struct place p;
	int fd;

	if (locate(sha256, &p, err))
		return -1;
	fd = openat(b->root, p.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? not_found(err) : unavailable(err, "cannot open");
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return not_found(err);
}

int blob_size(struct blobs *b, const char *sha256, int64_t *size, struct err *err)
{
	struct stat st;
	int fd = open_blob(b, sha256, &st, err);

	if (fd < 0)
		return -1;
	close(fd);
	*size = st.st_size;
	return 0;
}

static int read_all(int fd, struct buf *out, struct err *err)
{
	char part[65536];
	ssize_t n;

	while ((n = read(fd, part, sizeof part)) != 0) {
		if (n > 0)
			buf_add(out, part, (size_t)n);
		else if (errno != EINTR)
			return unavailable(err, "cannot read");
		if (out->failed)
			return err_nomem(err);
	}
	return 0;
}

int blob_get(struct blobs *b, const char *sha256, struct buf *out, struct err *err)
{
	uint8_t hash[SHA256_LEN];
	char name[BLOB_NAME];
	size_t before = out->n;
	struct stat st;
	int fd = open_blob(b, sha256, &st, err), r;

	if (fd < 0)
		return -1;
	r = read_all(fd, out, err);
	close(fd);
	if (r)
		return -1;
	crypto_sha256(str_n(out->p + before, out->n - before), hash);
	crypto_hex(hash, sizeof hash, name);
	if (strcmp(name, sha256) != 0)
		return err_set(err, ERR_INTERNAL, "attachment_damaged", NULL, "attachment %.16s… is damaged on disk",
			       sha256);
	return 0;
}
