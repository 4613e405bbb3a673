/* The published mails with quotes beside the project (THREADLINE_SUITES, or ../shared/suites); skipped where absent. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "email/visible.h"

static struct str slurp(const char *folder, const char *kind, const char *name, struct arena *a)
{
	struct buf b;
	struct str s = {"", 0};
	char path[1000];
	size_t n = 1;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s/%s", folder, kind, name);
	f = fopen(path, "rb");
	if (!f)
		return s;
	buf_init(&b, 1 << 20);
	while (n) {
		char *p = buf_grow(&b, 4096);
		n = p ? fread(p, 1, 4096, f) : 0;
		b.n += n;
	}
	fclose(f);
	s = arena_str(a, buf_str(&b));
	buf_free(&b);
	return s.p ? s : str_of("");
}

Test(email_visible_suite, nine_of_ten)
{
	const char *root = getenv("THREADLINE_SUITES");
	struct arena *a = arena_new(64 << 20);
	int all = 0, same = 0;
	char folder[400], emails[410];
	const struct dirent *e;
	DIR *d;

	snprintf(folder, sizeof folder, "%s/reply/discourse", root ? root : "../shared/suites");
	snprintf(emails, sizeof emails, "%s/emails", folder);
	d = opendir(emails);
	if (!d)
		fprintf(stderr, "skipped: %s is not there\n", emails);
	while (a && d && (e = readdir(d))) {
		struct str text, want, got;
		if (e->d_name[0] == '.')
			continue;
		text = slurp(folder, "emails", e->d_name, a);
		want = str_trim(slurp(folder, "trimmed", e->d_name, a));
		got = mail_visible(text, a);
		all++;
		same += str_eq(got, want);
		if (!str_eq(got, want))
			fprintf(stderr, "%s: not as expected\n", e->d_name);
	}
	if (d)
		closedir(d);
	cr_assert(!a || same * 10 >= all * 9, "%d of %d", same, all);
	arena_free(&a);
}
