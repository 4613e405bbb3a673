/*
 * The operator's magnifying glass: the gateway's own code, run on one input, shown as one JSON line each.
 * A refused input has an "error"; the rest goes on, and the exit status is 1 at the end.
 */
#include <stdio.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/explain_mail.h"
#include "cli/input.h"
#include "cli/options.h"
#include "ivr/vxml/explain.h"
#include "model/phone.h"
#include "sms/explain.h"

/* Writes one JSON object. -1: it has an "error". */
typedef int explain_fn(struct str input, const char *region, struct json_out *j);

struct explainer {
	explain_fn *explain;
	const char *region;
	struct buf line;
	bool refused;
};

static int number(struct str input, const char *region, struct json_out *j)
{
	const char *tab = memchr(input.p, '\t', input.n);
	char named[8] = "";
	struct phone p;
	struct err e = {0};
	int r;

	if (tab && tab - input.p < (int)sizeof named) { /* XX<TAB>TEXT */
		size_t n = (size_t)(tab - input.p);
		memcpy(named, input.p, n);
		region = named;
		input = str_n(tab + 1, input.n - n - 1);
	}
	r = phone_parse(input, region, &p, &e);
	json_obj(j, NULL);
	json_str(j, "input", input);
	json_cstr(j, "region", region);
	json_cstr(j, "e164", r == 0 && p.e164[0] ? p.e164 : NULL);
	json_cstr(j, "kind", phone_kind_word(r == 0 ? p.kind : PHONE_INVALID));
	json_cstr(j, "error", r == 0 ? NULL : e.code);
	json_end(j);
	return r;
}

static int pdu(struct str input, const char *region, struct json_out *j)
{
	(void)region;
	return sms_explain_pdu(input, j);
}

static int receipt(struct str input, const char *region, struct json_out *j)
{
	(void)region;
	return sms_explain_receipt(input, j);
}

static int sms(struct str input, const char *region, struct json_out *j)
{
	(void)region;
	return sms_explain_text(input, j);
}

static const struct {
	const char *name;
	explain_fn *explain;
	struct usage usage;
} subjects[] = {
	{"number",
	 number,
	 {"threadline explain number", "[TEXT...|-]",
	  "Reads telephone numbers as the gateway does. From standard input a line XX<TAB>TEXT sets the region.", 0,
	  -1}},
	{"pdu",
	 pdu,
	 {"threadline explain pdu", "[HEX...|-]", "Reads whole SMPP PDUs in hexadecimal, field by field.", 0, -1}},
	{"receipt",
	 receipt,
	 {"threadline explain receipt", "[TEXT...|-]",
	  "Reads the text of delivery receipts, plain or as a JSON string.", 0, -1}},
	{"sms",
	 sms,
	 {"threadline explain sms", "[TEXT...|-]",
	  "Shows how a text goes out as SMS: alphabet, segments, units (septets or 16-bit), bytes.", 0, -1}},
};

static void one(void *arg, struct str input)
{
	struct explainer *x = arg;
	struct json_out j;

	buf_reset(&x->line);
	json_begin(&j, &x->line);
	x->refused |= x->explain(input, x->region, &j) != 0;
	if (x->line.failed) {
		x->refused = true;
		puts("{\"error\":\"too_long\"}");
		return;
	}
	puts(buf_cstr(&x->line));
}

static void print_line(void *arg, struct str json)
{
	(void)arg;
	printf("%.*s\n", (int)json.n, json.p);
}

/* A menu is one file and many lines: it goes its own way. */
static int menu(int argc, char **argv)
{
	static const struct usage u = {
		"threadline explain menu", "FILE",
		"Runs a VoiceXML menu with the keys of --keys, one JSON line for each step.\n"
		"Between commas: digits, noinput, hangup, say:WORDS, or the result of a transfer.",
		1, 1};
	const char *keys = "", *vars = "";
	const struct option_spec specs[] = {
		{"keys", 'k', OPTION_TEXT, "K,K,...", &keys, "what the caller presses each time (nothing)"},
		{"vars", 0, OPTION_TEXT, "JSON", &vars, "variables of the session"},
		OPTION_END,
	};
	int r = options_parse(&u, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return vxml_explain(argv[0], keys, str_of(vars), print_line, NULL) ? CLI_FAILED : CLI_OK;
}

static int usage(int status)
{
	fputs("usage: threadline explain SUBJECT [OPTION...] [INPUT...|-]\n\n"
	      "Prints one JSON line for each input, or for each line of standard input. SUBJECT is one of: menu",
	      status ? stderr : stdout);
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		fprintf(status ? stderr : stdout, " %s", subjects[i].name);
	fputs(" mail\n", status ? stderr : stdout);
	return status;
}

int cmd_explain(int argc, char **argv)
{
	struct explainer x = {.region = "DE"};
	const struct option_spec specs[] = {
		{"region", 'r', OPTION_TEXT, "XX", &x.region, "region of national numbers (DE)"},
		OPTION_END,
	};
	size_t i = 0, n = sizeof subjects / sizeof *subjects;
	struct err e = {0};
	int r;

	if (argc > 1 && strcmp(argv[1], "menu") == 0)
		return menu(argc - 1, argv + 1);
	while (i < n && !(argc > 1 && strcmp(argv[1], subjects[i].name) == 0))
		i++;
	if (argc > 1 && strcmp(argv[1], "mail") == 0)
		return explain_mail(argc - 1, argv + 1);
	if (i == n)
		return usage(argc > 1 && strcmp(argv[1], "--help") == 0 ? CLI_OK : CLI_USAGE);
	argc--;
	argv++;
	r = options_parse(&subjects[i].usage, specs + (i ? 1 : 0), &argc, argv);
	if (r != OPTIONS_GO)
		return r;
	x.explain = subjects[i].explain;
	buf_init(&x.line, 4 << 20);
	setvbuf(stdout, NULL, _IOLBF, 0); /* a program at the other end may wait for each answer */
	r = input_each(argc, argv, one, &x, &e) ? cli_fail("explain", &e) : x.refused ? CLI_FAILED : CLI_OK;
	buf_free(&x.line);
	return r;
}
