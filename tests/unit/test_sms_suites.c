/* The published conformance data beside the project (THREADLINE_SUITES, or ../shared/suites); skipped where it is absent. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "sms/explain.h"
#include "sms/gsm7.h"

static FILE *suite(const char *name)
{
	const char *root = getenv("THREADLINE_SUITES");
	char path[400];
	FILE *f;

	snprintf(path, sizeof path, "%s/smpp/%s", root ? root : "../shared/suites", name);
	f = fopen(path, "r");
	if (!f)
		fprintf(stderr, "skipped: %s is not there\n", path);
	return f;
}

/* Fragments have nothing to say about one PDU; what must be refused must be refused in any case. */
Test(sms_suites, pdus)
{
	FILE *f = suite("pdu_vectors.json");
	json_t *all, *v;
	size_t i;

	if (!f)
		return;
	all = json_loadf(f, 0, NULL);
	fclose(f);
	cr_assert(json_array_size(all) > 0);
	json_array_foreach (all, i, v) {
		bool whole = json_is_true(json_object_get(v, "command_length_matches"));
		const char *want = json_string_value(json_object_get(v, "outcome"));
		const char *hex = json_string_value(json_object_get(v, "hex"));
		struct json_out j;
		struct buf b;
		int r;
		cr_assert(hex && want);
		buf_init(&b, 1 << 20);
		json_begin(&j, &b);
		r = sms_explain_pdu(str_of(hex), &j);
		if (strcmp(want, "decode_ok"))
			cr_expect_eq(r, -1, "%s: %s", hex, buf_cstr(&b));
		else if (whole)
			cr_expect_eq(r, 0, "%s: %s", hex, buf_cstr(&b));
		buf_free(&b);
	}
	json_decref(all);
}

Test(sms_suites, gsm0338_both_ways)
{
	FILE *f = suite("gsm0338_table.txt");
	char line[200];

	while (f && fgets(line, sizeof line, f)) {
		char *rest, *cp_text = strstr(line, "U+"); /* "1B65 U+20AC" */
		unsigned long septets = strtoul(line, &rest, 16), cp = cp_text ? strtoul(cp_text + 2, NULL, 16) : 0;
		bool two = rest - line == 4;
		char s[2] = {(char)(two ? septets >> 8 : septets), (char)septets};
		struct gsm7 g = {0, 0};
		struct buf text;
		size_t at = 0;
		if (!cp_text || rest - line < 2)
			continue;
		buf_init(&text, 16);
		gsm7_decode(g, str_n(s, two ? 2 : 1), &text);
		cr_expect_eq(str_next(buf_str(&text), &at), cp, "%s", line);
		cr_expect_eq(gsm7_septets(g, (uint32_t)cp), (int)septets, "%s", line);
		buf_free(&text);
	}
	if (f)
		fclose(f);
}
