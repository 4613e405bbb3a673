#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/blob_row.h"
#include "unit/store_rig.h"

static struct store_rig rig;
static struct blobs *files;
static char folder[64];

static void setup(void)
{
	struct err e = {0};

	store_rig_open(&rig);
	snprintf(folder, sizeof folder, "/tmp/threadline-unit-XXXXXX");
	cr_assert(mkdtemp(folder));
	cr_assert_eq(blobs_open(folder, 1 << 20, &files, &e), 0, "%s", e.msg);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void teardown(void)
{
	blobs_close(&files);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	store_rig_close(&rig);
}

TestSuite(store_blob_row, .init = setup, .fini = teardown);

static void put(const char *name, struct str bytes)
{
	struct err e = {0};

	store_rig_begin(&rig);
	cr_assert_eq(blob_row_put(rig.db, name, bytes, 1, &e), 0, "%s", e.msg);
	store_rig_commit(&rig);
}

static void check(const char *name, struct str want)
{
	struct err e = {0};
	struct buf b;

	buf_init(&b, 1 << 20);
	cr_assert_eq(blob_load(files, rig.db, name, &b, &e), 0, "%s", e.msg);
	cr_expect(str_eq(buf_str(&b), want));
	buf_free(&b);
}

Test(store_blob_row, what_was_put_is_read_and_kept_once)
{
	static const char bytes[] = "From: a\r\n\0\xff\r\n";
	char name[BLOB_NAME];

	blob_name(str_n(bytes, sizeof bytes), name);
	put(name, str_n(bytes, sizeof bytes));
	put(name, str_n(bytes, sizeof bytes));
	check(name, str_n(bytes, sizeof bytes));
	cr_expect_eq(store_rig_number(&rig, "SELECT count(*) FROM small_blob"), 1);
}

Test(store_blob_row, files_and_rows_are_one)
{
	char row[BLOB_NAME], file[BLOB_NAME], same[BLOB_NAME];

	blob_name(STR("row"), row);
	put(row, STR("row"));
	cr_assert_eq(blob_put(files, STR("file"), file, NULL), 0);
	blob_name(STR("file"), same);
	cr_expect_str_eq(file, same);
	check(row, STR("row"));
	check(file, STR("file"));
}

Test(store_blob_row, what_is_nowhere_is_not_found)
{
	const char *const names[] = {"", "x", "../../../etc/passwd",
				     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err e = {0};
		cr_expect(blob_load(files, rig.db, names[i], &b, &e) == -1 && e.kind == ERR_NOT_FOUND, "%s", names[i]);
		cr_expect(blob_load(files, NULL, names[i], &b, &e) == -1 && e.kind == ERR_NOT_FOUND, "%s", names[i]);
		cr_expect_eq(blob_load(files, rig.db, names[i], &b, NULL), -1);
	}
	cr_expect_eq(b.n, 0);
	buf_free(&b);
}
