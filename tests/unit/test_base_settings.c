#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/settings.h"

static const char *const moods[] = {"calm", "brisk", NULL};

struct sample {
	char *host, *password, *tags;
	int64_t port, wait, size;
	int mood;
	bool tls;
};

static const struct setting table[] = {
	{.name = "host",
	 .type = SET_STRING,
	 .offset = offsetof(struct sample, host),
	 .required = true,
	 .help = "Whom to call."},
	{.name = "port",
	 .type = SET_INT,
	 .offset = offsetof(struct sample, port),
	 .def = "2775",
	 .min = 1,
	 .max = 65535},
	{.name = "password", .type = SET_STRING, .offset = offsetof(struct sample, password), .secret = true},
	{.name = "wait",
	 .type = SET_DURATION,
	 .offset = offsetof(struct sample, wait),
	 .def = "90s",
	 .min = US_SEC,
	 .max = US_HOUR},
	{.name = "size", .type = SET_SIZE, .offset = offsetof(struct sample, size), .def = "64k"},
	{.name = "mood", .type = SET_ENUM, .offset = offsetof(struct sample, mood), .def = "calm", .words = moods},
	{.name = "tls", .type = SET_BOOL, .offset = offsetof(struct sample, tls), .def = "no"},
	{.name = "tags", .type = SET_LIST, .offset = offsetof(struct sample, tags)},
	SETTING_END,
};

static struct settings *parse(const char *text, struct err *e)
{
	struct settings *s = NULL;

	settings_parse("t.conf", str_of(text), &s, e);
	return s;
}

Test(settings, a_section_fills_its_struct)
{
	struct err e = {0};
	struct settings *s = parse("\xef\xbb\xbf# top\n[sms main]\nhost = smsc.example\n  port=99\npassword = a ; b#c\n"
				   "wait = 15m\nsize=2m\nmood = brisk\ntls = ON\ntags = a, ,b ,\n",
				   &e);
	struct sample v;
	struct str item;
	size_t pos = 0;

	cr_assert(s, "%s", e.msg);
	cr_assert_eq(settings_fill(s, settings_find(s, "sms", "main"), table, &v, &e), 0, "%s", e.msg);
	cr_expect_str_eq(v.host, "smsc.example");
	cr_expect_eq(v.port, 99);
	cr_expect_str_eq(v.password, "a ; b#c", "a comment sign inside a value is part of it");
	cr_expect_eq(v.wait, 15 * US_MIN);
	cr_expect_eq(v.size, 2 << 20);
	cr_expect_eq(v.mood, 1);
	cr_expect(v.tls);
	cr_expect(settings_list_next(v.tags, &pos, &item) && str_is(item, "a"));
	cr_expect(settings_list_next(v.tags, &pos, &item) && str_is(item, "b"));
	cr_expect_not(settings_list_next(v.tags, &pos, &item));
	settings_release(table, &v);
	settings_free(&s);
	cr_expect_null(s);
}

Test(settings, defaults_hold_where_nothing_is_written)
{
	struct err e = {0};
	struct settings *s = parse("[sms main]\nhost = h\n[web]\n", &e);
	const struct section *it = NULL;
	struct sample v;

	cr_assert(s, "%s", e.msg);
	cr_assert_eq(settings_fill(s, settings_find(s, "sms", "main"), table, &v, &e), 0, "%s", e.msg);
	cr_expect_eq(v.port, 2775);
	cr_expect_eq(v.wait, 90 * US_SEC);
	cr_expect_eq(v.size, 65536);
	cr_expect_null(v.password);
	settings_release(table, &v);
	cr_expect(settings_next(s, &it));
	cr_expect_eq(section_line(it), 1);
	cr_expect(settings_next(s, &it), "a section without keys is a section");
	cr_expect_str_eq(section_kind(it), "web");
	cr_expect_str_eq(section_name(it), "");
	cr_expect_eq(section_line(it), 3);
	cr_expect_not(settings_next(s, &it));
	settings_free(&s);
}

Test(settings, what_is_wrong_is_named_with_its_line)
{
	char longline[3000] = "[a]\nk = ";
	static const struct {
		const char *text, *msg;
	} syntax[] = {
		{"host = x\n", "t.conf:1: \"host\" stands before any [section]"},
		{"[a]\n\nwhat\n", "t.conf:3: neither a [section] nor a \"key = value\""},
		{"[a]\nk=1\nk=2\n", "t.conf:3: \"k\" was set in line 2"},
		{"[a b]\n[c]\n[a  b]\n", "t.conf:3: section [a b] was begun in line 1"},
		{"[a\n", "t.conf:1: a section ends in ]; comments go on lines of their own"},
		{"[]\n", "t.conf:1: a section is written [kind] or [kind name], of letters, digits and ._-"},
		{"[a b c]\n", "t.conf:1: a section is written [kind] or [kind name], of letters, digits and ._-"},
		{"[a]\nk = \xff\n", "t.conf:2: the line is not UTF-8 text"},
		{"[a23456789012345678901234567890123456789012345678901]\n",
		 "t.conf:1: the section name is longer than 49 characters"},
	};
	static const struct {
		const char *text, *msg, *field;
	} values[] = {
		{"[sms m]\nhost=h\nhots=1\n", "t.conf:3: [sms m] knows no \"hots\"", "sms m."},
		{"[sms m]\n\nport=1\n", "t.conf:1: [sms m] needs \"host\"", "sms m.host"},
		{"[sms m]\nhost=\n", "t.conf:2: [sms m] needs \"host\"", "sms m.host"},
		{"[sms m]\nhost=h\nport=12x\n", "t.conf:3: \"port\" wants a whole number, not \"12x\"", "sms m.port"},
		{"[sms m]\nhost=h\nport=65536\n", "t.conf:3: \"port\" is 65536, it may be from 1 to 65535",
		 "sms m.port"},
		{"[sms m]\nhost=h\nwait=2h\n", "t.conf:3: \"wait\" is 2h, it may be from 1s to 1h", "sms m.wait"},
		{"[sms m]\nhost=h\nmood=x\n", "t.conf:3: \"mood\" is one of calm, brisk", "sms m.mood"},
		{"[sms m]\nhost=h\ntls=2\n", "t.conf:3: \"tls\" is yes or no", "sms m.tls"},
		{"[sms m]\nhost=h\nsize=9999999999g\n",
		 "t.conf:3: \"size\" wants a size such as 512, 64k or 16m, not \"9999999999g\"", "sms m.size"},
		{"[sms m]\nhost=h\npassword=env:THREADLINE_UNSET\n",
		 "t.conf:3: \"password\": that environment variable is not set", "sms m.password"},
		{"[sms m]\nhost=h\npassword=file:/nowhere/x\n",
		 "t.conf:3: \"password\": cannot read /nowhere/x: No such file or directory", "sms m.password"},
	};
	struct err e;

	for (size_t i = 0; i < sizeof syntax / sizeof *syntax; i++) {
		cr_expect_null(parse(syntax[i].text, &e));
		cr_expect_str_eq(e.msg, syntax[i].msg);
	}
	memset(longline + 8, 'x', sizeof longline - 9);
	cr_expect_null(parse(longline, &e));
	cr_expect_str_eq(e.msg, "t.conf:2: the line is longer than 2000 bytes");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct settings *s = parse(values[i].text, &e);
		struct sample v;
		cr_assert(s, "%s", e.msg);
		cr_expect_eq(settings_fill(s, settings_find(s, "sms", "m"), table, &v, &e), -1, "%s", values[i].text);
		cr_expect_str_eq(e.msg, values[i].msg);
		cr_expect_str_eq(e.field, values[i].field);
		settings_free(&s);
	}
}

Test(settings, secrets_come_from_files_and_the_environment)
{
	char path[] = "/tmp/threadline-secret-XXXXXX", text[200];
	int fd = mkstemp(path);
	struct err e = {0};
	struct settings *s;
	struct sample v;

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, "s3cret\nmore\n", 12), 12);
	close(fd);
	snprintf(text, sizeof text, "[sms m]\nhost=env:HOME\npassword=file:%s\n", path);
	s = parse(text, &e);
	cr_assert(s);
	cr_assert_eq(settings_fill(s, settings_find(s, "sms", "m"), table, &v, &e), 0, "%s", e.msg);
	cr_expect_str_eq(v.password, "s3cret");
	cr_expect_str_eq(v.host, "env:HOME", "only secrets are looked up");
	settings_release(table, &v);
	settings_free(&s);
	unlink(path);

	setenv("THREADLINE_TEST_SECRET", "from env", 1);
	s = parse("[sms m]\nhost=h\npassword=env:THREADLINE_TEST_SECRET\n", &e);
	cr_assert_eq(settings_fill(s, settings_find(s, "sms", "m"), table, &v, &e), 0, "%s", e.msg);
	cr_expect_str_eq(v.password, "from env");
	settings_release(table, &v);
	settings_free(&s);
}

Test(settings, a_file_is_read_and_its_absence_told)
{
	struct err e = {0};
	struct settings *s = NULL;

	cr_expect_eq(settings_load("/nowhere/t.conf", &s, &e), -1);
	cr_expect_str_eq(e.msg, "/nowhere/t.conf: No such file or directory");
	cr_expect_eq(settings_load("/tmp", &s, &e), -1, "a folder is not a file");
	cr_assert_eq(settings_load(NULL, &s, &e), 0);
	cr_expect_null(settings_find(s, "http", NULL));
	settings_free(&s);
}

Test(settings, the_sample_parses_back_to_the_defaults)
{
	struct buf b;
	struct err e = {0};
	struct settings *s;

	buf_init(&b, 10000);
	settings_sample(&b, table);
	cr_expect_not(b.failed);
	cr_expect(strstr(buf_cstr(&b), "# Whom to call. Required.\n#host =\n\n"));
	cr_expect(strstr(buf_cstr(&b), "# Secret: may be file:/path or env:NAME.\n#password =\n"), "%s", buf_cstr(&b));
	cr_expect(strstr(buf_cstr(&b), "# May be from 1s to 1h.\n#wait = 90s\n"), "%s", buf_cstr(&b));
	cr_expect(strstr(buf_cstr(&b), "# One of calm, brisk.\n#mood = calm\n"), "%s", buf_cstr(&b));
	s = parse(buf_cstr(&b), &e);
	cr_expect(s);
	settings_free(&s);
	buf_free(&b);
}
