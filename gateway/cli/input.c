#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int unreadable(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "input_unreadable", NULL, "standard input: %s", strerror(errno));
}

static int each_line(void (*fn)(void *arg, struct str input), void *arg, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r;

	while ((n = getline(&line, &room, stdin)) >= 0) {
		struct str s = str_n(line, (size_t)n);
		if (s.n && s.p[s.n - 1] == '\n')
			s.n--;
		if (s.n && s.p[s.n - 1] == '\r')
			s.n--;
		fn(arg, s);
	}
	r = ferror(stdin) || !feof(stdin) ? unreadable(err) : 0;
	free(line);
	return r;
}

int input_each(int argc, char **argv, void (*fn)(void *arg, struct str input), void *arg, struct err *err)
{
	if (argc == 0)
		return each_line(fn, arg, err);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0) {
			if (each_line(fn, arg, err))
				return -1;
		} else {
			fn(arg, str_of(argv[i]));
		}
	}
	return 0;
}

int input_text(int argc, char **argv, struct buf *out, struct err *err)
{
	char part[4096];
	size_t n;

	if (argc == 1 && strcmp(argv[0], "-") == 0) {
		while ((n = fread(part, 1, sizeof part, stdin)) > 0)
			buf_add(out, part, n);
		if (ferror(stdin))
			return unreadable(err);
		while (out->n && out->p[out->n - 1] == '\n')
			out->n--;
	} else {
		for (int i = 0; i < argc; i++) {
			buf_adds(out, i ? " " : "");
			buf_adds(out, argv[i]);
		}
	}
	return out->failed ? err_set(err, ERR_TOO_LARGE, "input_too_large", NULL, "the text is too long") : 0;
}
