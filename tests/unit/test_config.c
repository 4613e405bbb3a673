#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "config_tables.h"

static char path[] = "/tmp/threadline-config-XXXXXX";

static int temporary(void)
{
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	return mkstemp(path);
}

static struct config *load(const char *text, struct err *e)
{
	struct config *c = NULL;
	int fd = temporary();

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	config_load(path, NULL, NULL, &c, e);
	unlink(path);
	return c;
}

Test(config, the_defaults_are_whole)
{
	struct err e = {0};
	struct config *c = NULL;

	cr_assert_eq(config_load(NULL, NULL, NULL, &c, &e), 0, "%s", e.msg);
	cr_expect_str_eq(c->identity.region, "DE");
	cr_expect_eq(c->conversation.reply_window, 72 * US_HOUR);
	cr_expect_eq(c->accounts_n, 0);
	config_free(&c);
	cr_expect_null(c);
}

Test(config, what_is_wrong_is_named)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"[htp]\n", ":1: there is no section of kind \"htp\""},
		{"[http main]\n", ":1: [http] takes no name"},
		{"[http]\nlisten = nowhere\n", ":2: [http] listen: is not an address such as 127.0.0.1:8080"},
		{"[http]\ntls_cert = /dev/null\n", ":2: [http] tls_cert: tls_cert and tls_key come together"},
		{"[identity]\n\nregion = Germany\n", ":3: [identity] region: is not a region such as DE or GB"},
		{"[outbound]\nretry_first = 1h\nretry_max = 1m\n",
		 ":2: [outbound] retry_first: is longer than retry_max"},
		{"[log]\nlevel = loud\n", ":2: \"level\" is one of debug, info, warn, error"},
	};
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_null(load(cases[i].text, &e));
		cr_expect_str_eq(e.msg + strlen(path), cases[i].msg);
	}
}

static void count(void *arg, const struct err *what)
{
	(void)what;
	++*(int *)arg;
}

Test(config, everything_wrong_is_reported_at_once)
{
	struct config *c = NULL;
	struct err e;
	int n = 0, fd = temporary();
	static const char text[] = "[http]\nx = 1\n[log]\nlevel = loud\n[huh]\n";

	cr_assert_eq(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
	close(fd);
	cr_expect_eq(config_load(path, count, &n, &c, &e), -1);
	cr_expect_eq(n, 3);
	unlink(path);
}

Test(config, addresses_to_listen_at)
{
	static const struct {
		const char *text, *host;
		int port;
	} cases[] = {{"127.0.0.1:8080", "127.0.0.1", 8080},
		     {"8080", "", 8080},
		     {":0", "", 0},
		     {"[::1]:65535", "::1", 65535},
		     {"::1", NULL, 0},
		     {"h:65536", NULL, 0},
		     {"h:", NULL, 0},
		     {"", NULL, 0}};
	char host[64];
	int port;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int r = config_listen(cases[i].text, host, &port, NULL);
		cr_expect_eq(r, cases[i].host ? 0 : -1, "%s", cases[i].text);
		if (r == 0) {
			cr_expect_str_eq(host, cases[i].host);
			cr_expect_eq(port, cases[i].port);
		}
	}
}

/* The file that is shipped is what the tables say, or it misleads people. */
Test(config, the_shipped_sample_is_up_to_date)
{
	struct buf want, have;
	char part[4096];
	FILE *f = fopen("etc/threadline.conf", "re");
	size_t n;

	cr_assert(f, "run the tests from the top of the tree");
	buf_init(&want, 1 << 20);
	buf_init(&have, 1 << 20);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&have, part, n);
	fclose(f);
	config_sample(&want);
	cr_expect(str_eq(buf_str(&want), buf_str(&have)), "etc/threadline.conf is old: run `make sample`");
	buf_free(&want);
	buf_free(&have);
}
