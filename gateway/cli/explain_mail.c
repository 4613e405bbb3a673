#include "cli/explain_mail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "email/explain.h"

static const size_t file_max = (size_t)1 << 30, line_max = (size_t)256 << 20;

static int read_all(const char *name, struct buf *out, struct err *err)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	char part[1 << 16];
	size_t n;
	bool bad;

	buf_reset(out);
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "file_unreadable", NULL, "%s", strerror(errno));
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(out, part, n);
	bad = ferror(f);
	if (f != stdin)
		fclose(f);
	if (bad)
		return err_set(err, ERR_INTERNAL, "file_unreadable", NULL, "%s", strerror(errno));
	return out->failed ? err_set(err, ERR_TOO_LARGE, "too_long", NULL, "more than 1 GB") : 0;
}

/* "From ADDRESS Thu Apr 29 23:34:45 2015" (RFC 4155) */
static bool envelope_line(struct str s, size_t at)
{
	const char *nl = memchr(s.p + at, '\n', s.n - at);
	size_t n = (nl ? (size_t)(nl - s.p) : s.n) - at;
	const char *line = s.p + at, *colon;

	if (n < 20 || n > 500 || memcmp(line, "From ", 5) != 0)
		return false;
	colon = memchr(line, ':', n);
	return colon && colon - line > 10 && n - (size_t)(colon - line) > 5 && colon[3] == ':';
}

/* Where the next mail of a mailbox file begins; the end of it all otherwise. */
static size_t mail_end(struct str all, size_t from)
{
	size_t at = from;

	if (!envelope_line(all, from))
		return all.n;
	while (at < all.n) {
		const char *p = memmem(all.p + at, all.n - at, "\n\nFrom ", 7);
		if (!p)
			return all.n;
		at = (size_t)(p - all.p) + 2;
		if (envelope_line(all, at))
			return at;
	}
	return all.n;
}

static int one(const char *file, struct str raw)
{
	struct buf line;
	struct json_out j;
	int r;

	buf_init(&line, line_max);
	json_begin(&j, &line);
	r = email_explain(str_of(file), raw, &j);
	puts(line.failed ? "{\"error\":\"too_long\"}" : buf_cstr(&line));
	r = line.failed ? -1 : r;
	buf_free(&line);
	return r;
}

static int unreadable(const char *file, const struct err *e)
{
	struct buf line;
	struct json_out j;

	buf_init(&line, 1 << 16);
	json_begin(&j, &line);
	json_obj(&j, NULL);
	json_cstr(&j, "file", file);
	json_cstr(&j, "error", e->code);
	json_end(&j);
	puts(buf_cstr(&line));
	buf_free(&line);
	return -1;
}

static int each(const char *file, struct buf *all)
{
	struct err e = {0};
	size_t at = 0, end;
	int r = 0;

	if (read_all(file, all, &e))
		return unreadable(file, &e);
	do {
		end = mail_end(buf_str(all), at);
		r |= one(file, str_n(all->p ? all->p + at : "", end - at));
		at = end;
	} while (at < all->n);
	return r;
}

int explain_mail(int argc, char **argv)
{
	static const struct usage usage = {
		"threadline explain mail", "[FILE...|-]",
		"Reads mails as the gateway does: text, attachments, and what reports say of whom.", 0, -1};
	const struct option_spec specs[] = {OPTION_END};
	struct buf all;
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	buf_init(&all, file_max);
	setvbuf(stdout, NULL, _IOLBF, 0);
	r = argc ? 0 : each("-", &all);
	for (int i = 0; i < argc; i++)
		r |= each(argv[i], &all);
	buf_free(&all);
	return r ? CLI_FAILED : CLI_OK;
}
