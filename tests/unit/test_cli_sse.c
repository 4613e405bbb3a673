#include <criterion/criterion.h>
#include <stdio.h>

#include "cli/sse.h"

static void note(void *arg, const char *id, const char *event, struct str data)
{
	buf_addf(arg, "%s|%s|%.*s;", id, event, (int)data.n, data.p);
}

static const struct {
	const char *label, *bytes, *want;
} cases[] = {
	{"one", "id: 7\nevent: a.b\ndata: {}\n\n", "7|a.b|{};"},
	{"CRLF", "id: 7\r\ndata: x\r\n\r\n", "7|message|x;"},
	{"CR", "data: x\r\rdata: y\r\r", "|message|x;|message|y;"},
	{"comments and unknown fields", ": heartbeat\n\nretry: 5\nfoo\ndata: x\n\n", "|message|x;"},
	{"two data lines", "data: x\ndata: y\n\n", "|message|x\ny;"},
	{"the id stays", "id: 1\ndata: x\n\ndata: y\n\n", "1|message|x;1|message|y;"},
	{"no data, no event", "event: e\nid: 3\n\ndata: x\n\n", "3|message|x;"},
	{"only one space goes", "data:  x\ndata\n\n", "|message| x\n;"},
	{"cut off", "data: x\n", ""},
};

Test(sse, events_come_whole_however_the_bytes_are_cut)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].bytes);
		for (size_t step = 1; step <= n; step++) {
			struct sse s;
			struct buf got;
			buf_init(&got, 1000);
			sse_init(&s, 100, note, &got);
			for (size_t at = 0; at < n; at += step)
				cr_expect(sse_feed(&s, str_n(cases[i].bytes + at, at + step < n ? step : n - at)));
			cr_expect_str_eq(buf_cstr(&got), cases[i].want, "%s in steps of %zu: %s", cases[i].label, step,
					 buf_cstr(&got));
			sse_free(&s);
			buf_free(&got);
		}
	}
}

Test(sse, too_much_is_refused)
{
	struct sse s;
	struct buf got;

	buf_init(&got, 1000);
	sse_init(&s, 8, note, &got);
	cr_expect_not(sse_feed(&s, STR("data: 123456789\n\n")));
	sse_reset(&s);
	cr_expect_not(sse_feed(&s, STR("data: 12\ndata: 34\ndata: 56\ndata: 78\n\n")));
	sse_free(&s);
	buf_free(&got);
}
