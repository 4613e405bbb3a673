#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/blob.h"

static char dir[64], root[80];
static struct blobs *blobs;

static void setup(void)
{
	struct err e = {0};

	snprintf(dir, sizeof dir, "/tmp/threadline-unit-XXXXXX");
	cr_assert(mkdtemp(dir));
	snprintf(root, sizeof root, "%s/blobs", dir);
	cr_assert_eq(blobs_open(root, 1 << 20, &blobs, &e), 0, "%s", e.msg);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void teardown(void)
{
	blobs_close(&blobs);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(store_blob, .init = setup, .fini = teardown);

/* SHA-256 of "abc", FIPS 180-2 appendix B.1 */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void path_of(const char *name, char out[256])
{
	snprintf(out, 256, "%s/%.2s/%.2s/%s", root, name, name + 2, name);
}

static int files_in(const char *sub)
{
	char path[256];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", root, sub);
	d = opendir(path);
	if (!d)
		return -1;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void check_content(const char *name, struct str want)
{
	struct err e = {0};
	struct buf b;

	buf_init(&b, 2 << 20);
	cr_assert_eq(blob_get(blobs, name, &b, &e), 0, "%s", e.msg);
	cr_expect(str_eq(buf_str(&b), want));
	buf_free(&b);
}

Test(store_blob, is_named_by_its_content_and_kept_once)
{
	char name[BLOB_NAME], path[256];
	int64_t size;

	for (int i = 0; i < 2; i++) {
		cr_assert_eq(blob_put(blobs, STR("abc"), name, NULL), 0);
		cr_expect_str_eq(name, abc);
	}
	check_content(abc, STR("abc"));
	cr_assert_eq(blob_size(blobs, abc, &size, NULL), 0);
	cr_expect_eq(size, 3);
	path_of(abc, path);
	cr_expect_eq(access(path, R_OK), 0);
	cr_expect_eq(files_in("ba/78"), 1);
	cr_expect_eq(files_in("tmp"), 0);
}

Test(store_blob, empty_and_largest)
{
	char *big = calloc(1, (1 << 20) + 1), name[BLOB_NAME];
	struct err e = {0};

	cr_assert(big);
	cr_assert_eq(blob_put(blobs, STR(""), name, NULL), 0);
	check_content(name, STR(""));
	cr_assert_eq(blob_put(blobs, str_n(big, 1 << 20), name, NULL), 0);
	check_content(name, str_n(big, 1 << 20));
	cr_expect_eq(blob_put(blobs, str_n(big, (1 << 20) + 1), name, &e), -1);
	cr_expect_eq(e.kind, ERR_TOO_LARGE);
	free(big);
}

Test(store_blob, names_are_not_paths)
{
	static const char *const names[] = {"",
					    "abc",
					    "../../../../etc/passwd",
					    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
					    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
					    "../816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
					    "0000000000000000000000000000000000000000000000000000000000000000"};
	struct err e;
	int64_t size;
	struct buf b;

	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		e = (struct err){0};
		cr_expect(blob_size(blobs, names[i], &size, &e) == -1 && e.kind == ERR_NOT_FOUND, "%s", names[i]);
		e = (struct err){0};
		cr_expect(blob_get(blobs, names[i], &b, &e) == -1 && e.kind == ERR_NOT_FOUND, "%s", names[i]);
	}
	buf_free(&b);
}

Test(store_blob, damage_is_noticed)
{
	char name[BLOB_NAME], path[256];
	struct err e = {0};
	struct buf b;
	int fd;

	cr_assert_eq(blob_put(blobs, STR("abc"), name, NULL), 0);
	path_of(name, path);
	fd = open(path, O_WRONLY);
	cr_assert(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	buf_init(&b, 1024);
	cr_expect_eq(blob_get(blobs, name, &b, &e), -1);
	cr_expect_str_eq(e.code, "attachment_damaged");
	buf_free(&b);
	/* a cut file is put again */
	cr_assert_eq(truncate(path, 1), 0);
	cr_assert_eq(blob_put(blobs, STR("abc"), name, NULL), 0);
	check_content(name, STR("abc"));
}

Test(store_blob, leftovers_of_a_crash_are_removed)
{
	char old[256], young[256];
	struct timespec times[2] = {{.tv_sec = clock_now() / US_SEC - 86400}, {.tv_sec = clock_now() / US_SEC - 86400}};
	int a, b;

	snprintf(old, sizeof old, "%s/tmp/old", root);
	snprintf(young, sizeof young, "%s/tmp/young", root);
	a = open(old, O_CREAT | O_WRONLY, 0600);
	b = open(young, O_CREAT | O_WRONLY, 0600);
	cr_assert(a >= 0 && b >= 0 && futimens(a, times) == 0);
	close(a);
	close(b);
	blobs_close(&blobs);
	cr_assert_eq(blobs_open(root, 1 << 20, &blobs, NULL), 0);
	cr_expect(access(old, F_OK) == -1 && access(young, F_OK) == 0);
}

/* A file-size limit stands in for a full disk. */
Test(store_blob, full_disk_is_said_and_passes)
{
	struct rlimit before, full = {.rlim_cur = 1000};
	char *big = calloc(1, 100000), name[BLOB_NAME];
	struct err e = {0};
	int64_t size;

	cr_assert(big);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	full.rlim_max = before.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	cr_expect_eq(blob_put(blobs, str_n(big, 100000), name, &e), -1);
	cr_expect(e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0);
	cr_expect_eq(files_in("tmp"), 0, "nothing half is left");
	cr_expect_eq(blob_size(blobs, name, &size, NULL), -1);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	cr_expect_eq(blob_put(blobs, str_n(big, 100000), name, &e), 0);
	free(big);
}

Test(store_blob, folder_that_cannot_be_made)
{
	struct blobs *none;
	struct err e = {0};

	cr_expect_eq(blobs_open("/dev/null/blobs", 1, &none, &e), -1);
	cr_expect_eq(e.kind, ERR_UNAVAILABLE);
}

enum { THREADS = 4, EACH = 20 };

static void *put_many(void *arg)
{
	char text[32], name[BLOB_NAME];
	intptr_t bad = 0;

	(void)arg;
	for (int i = 0; i < EACH; i++) {
		int n = snprintf(text, sizeof text, "blob %d", i);
		struct buf b;
		buf_init(&b, 64);
		bad += blob_put(blobs, str_n(text, (size_t)n), name, NULL) || blob_get(blobs, name, &b, NULL) ||
		       !str_eq(buf_str(&b), str_n(text, (size_t)n));
		buf_free(&b);
	}
	return (void *)bad;
}

Test(store_blob, many_threads_store_the_same)
{
	pthread_t t[THREADS];
	void *bad;

	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, put_many, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		cr_expect_null(bad);
	}
	cr_expect_eq(files_in("tmp"), 0);
}
