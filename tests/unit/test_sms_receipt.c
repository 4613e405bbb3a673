#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sms/receipt.h"

Test(sms_receipt, texts_of_the_field)
{
	static const struct {
		const char *text, *id, *stat, *err;
		int state;
	} cases[] = {
		{"id:abc sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 stat:DELIVRD err:000 text:hello",
		 "abc", "DELIVRD", "000", 2},
		{"ID: 77 Sub:1 Submit_Date:260131120000 Stat: UNDELIV Err: 12", "77", "UNDELIV", "12", 5},
		{"id:1 stat:EXPIRED text:stat:DELIVRD id:2", "1", "EXPIRED", "", 3},
		{"id:9 sub: dlvrd: stat:REJECTD err:", "9", "REJECTD", "", 8},
		{"id:9,stat:ACCEPTD,err:0", "9", "ACCEPTD", "0", 6},
		{"id:9 stat:NONSENSE", "9", "NONSENSE", "", 0},
		{"message_id:5 status:UNDELIVERABLE error:3", "5", "UNDELIVERABLE", "3", 5},
		{"id:\"a b\" stat:'DELIVRD' err:\"1\"", "a b", "DELIVRD", "1", 2},
		{"id:\"a stat:DELIVRD", "\"a", "DELIVRD", "", 2},
		{"id:7 sub:001 dlvrd:001 done date:2601311201stat:DELIVRDerr:000text:x", "7", "DELIVRD", "000", 2},
		{"id:\t7\r\nstat:\tDELIVRD\r\nerr:0", "7", "DELIVRD", "0", 2},
		{"id=7;stat=DELIVRD;err=0", "7", "DELIVRD", "0", 2},
		{"id:7 done date:2601311201 delivrd err:5", "7", "delivrd", "5", 2},
		{"text:hello id:7 stat:DELIVRD", "7", "DELIVRD", "", 2},
		{"stat:DELIVRD id:7 err:XX1", "7", "DELIVRD", "XX1", 2},
		{"id:7 stat:DELIVERY_FAILED", "7", "DELIVERY_FAILED", "", 5},
		{"id:7 stat:DELIVERED_TO_OPERATOR", "7", "DELIVERED_TO_OPERATOR", "", 1},
		{"id:7 stat:DELIVERED_TO_HANDSET", "7", "DELIVERED_TO_HANDSET", "", 2},
		{"id:7 stat:NOT_DELIVERED", "7", "NOT_DELIVERED", "", 5},
		{"id:7 stat:Buffered", "7", "Buffered", "", 1},
		{"id:7 stat:UNKNOWN", "7", "UNKNOWN", "", 7},
		{"id:7 stat:5", "7", "5", "", 5},
		{"id:7 stat:DEL", "7", "DEL", "", 0},
		{"id:7 stat:\377\376", "7", "\377\376", "", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct receipt_text r;
		receipt_parse(str_of(cases[i].text), &r);
		cr_expect(r.is_receipt, "%s", cases[i].text);
		cr_expect(str_is(r.id, cases[i].id), "%s: id %.*s", cases[i].text, (int)r.id.n, r.id.p);
		cr_expect(str_is(r.stat, cases[i].stat), "%s: stat %.*s", cases[i].text, (int)r.stat.n, r.stat.p);
		cr_expect(str_is(r.err, cases[i].err), "%s: err %.*s", cases[i].text, (int)r.err.n, r.err.p);
		cr_expect_eq(r.state, cases[i].state, "%s: state %d", cases[i].text, r.state);
	}
}

Test(sms_receipt, messages_are_none)
{
	static const char *const cases[] = {"", "hello", "my id: 4711", "stat:", "id: stat:", "void:1 restat:2"};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct receipt_text r;
		receipt_parse(str_of(cases[i]), &r);
		cr_expect_not(r.is_receipt, "%s", cases[i]);
	}
}

/* Each beginning is allocated to its length, so that the sanitizer sees a byte read too many. */
Test(sms_receipt, any_end_is_an_end)
{
	static const char text[] = "id:\"7\" sub:001 done date:2026-01-31 11:59 stat:DELIVRDerr:000 ID=\n";

	for (size_t n = 0; n < sizeof text; n++) {
		char *copy = malloc(n ? n : 1);
		struct receipt_text r;
		memcpy(copy, text, n);
		receipt_parse(str_n(copy, n), &r);
		cr_expect(!r.is_receipt || n > 40);
		free(copy);
	}
}

/* A customer may write "id:4711 status:failed"; counts and dates are a machine's. */
Test(sms_receipt, what_only_a_machine_writes)
{
	static const struct {
		const char *text;
		bool is, typical;
	} cases[] = {
		{"id:4711 status:failed", true, false},
		{"id:4711 sub:001 stat:DELIVRD", true, true},
		{"id:4711 done date:2601311200 stat:DELIVRD", true, true},
		{"sub:001 dlvrd:001 stat:DELIVRD", false, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct receipt_text r;
		receipt_parse(str_of(cases[i].text), &r);
		cr_expect_eq(r.is_receipt, cases[i].is, "%s", cases[i].text);
		cr_expect_eq(r.typical, cases[i].typical, "%s", cases[i].text);
	}
}

Test(sms_receipt, dates_in_their_forms)
{
	static const struct {
		const char *date, *time;
	} cases[] = {
		{"2601311159", "2026-01-31T11:59:00.000Z"},
		{"260131115958", "2026-01-31T11:59:58.000Z"},
		{"202601311159", "2026-01-31T11:59:00.000Z"},
		{"20260131115958", "2026-01-31T11:59:58.000Z"},
		{"200512101530", "2020-05-12T10:15:30.000Z"},
		{"260131115958904+", "2026-01-31T10:59:58.900Z"},
		{"260131115958004-", "2026-01-31T12:59:58.000Z"},
		{"000001000000000R", ""},
		{"2026-01-31 11:59", "2026-01-31T11:59:00.000Z"},
		{"2026-01-31 11:59:58", "2026-01-31T11:59:58.000Z"},
		{"2026/01/31 11:59:58 err:0", "2026-01-31T11:59:58.000Z"},
		{"\"2026-01-31 11:59:58\"", "2026-01-31T11:59:58.000Z"},
		{"2026-01-31T11:59:58+01:00", "2026-01-31T10:59:58.000Z"},
		{"2026-01-31 5", ""},
		{"1769860798", "2026-01-31T11:59:58.000Z"},
		{"1769860798123", "2026-01-31T11:59:58.123Z"},
		{"2613311159", ""},
		{"2602291159", ""},
		{"2402291159", "2024-02-29T11:59:00.000Z"},
		{"20000229235960", "2000-03-01T00:00:00.000Z"},
		{"19700101000001", "1970-01-01T00:00:01.000Z"},
		{"20991231235959", "2099-12-31T23:59:59.000Z"},
		{"0000000000", ""},
		{"26013111", ""},
		{"yesterday", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct receipt_text r;
		char text[100], at[TIME_TEXT] = "";
		snprintf(text, sizeof text, "id:1 done date:%s stat:DELIVRD", cases[i].date);
		receipt_parse(str_of(text), &r);
		if (r.done_at)
			time_format(r.done_at, at);
		cr_expect_str_eq(at, cases[i].time, "%s: %s", cases[i].date, at);
	}
}

static bool same(struct str got, const json_t *want)
{
	return json_is_string(want) ? str_is(got, json_string_value(want)) : got.n == 0;
}

/* The published set beside the project; absent elsewhere. */
Test(sms_receipt, the_published_set)
{
	const char *root = getenv("THREADLINE_SUITES");
	char path[400], line[8000];
	FILE *f;

	snprintf(path, sizeof path, "%s/smpp/dlr_receipts.jsonl", root ? root : "../shared/suites");
	f = fopen(path, "r");
	if (!f) {
		fprintf(stderr, "skipped: %s is not there\n", path);
		return;
	}
	while (fgets(line, sizeof line, f)) {
		json_t *o = json_loads(line, 0, NULL);
		const char *text = json_string_value(json_object_get(o, "text"));
		struct receipt_text r;
		if (text) {
			receipt_parse(str_of(text), &r);
			cr_expect(same(r.id, json_object_get(o, "id")), "id in %s", text);
			cr_expect(same(r.stat, json_object_get(o, "stat")), "stat in %s", text);
			cr_expect(same(r.err, json_object_get(o, "err")), "err in %s", text);
		}
		json_decref(o);
	}
	fclose(f);
}
