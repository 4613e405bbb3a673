#include <criterion/criterion.h>
#include <stdlib.h>

#include "import/row.h"

static struct csv csv;

static void setup(void) { csv_init(&csv); }
static void teardown(void) { csv_free(&csv); }

TestSuite(csv, .init = setup, .fini = teardown);

/* The fields joined by bars, and what is left of the text by what was used. */
static const char *fields(const char *text, bool last)
{
	static char out[400];
	struct buf b;

	if (csv_next(&csv, str_of(text), ',', last) != CSV_RECORD)
		return "refused";
	buf_init(&b, sizeof out);
	for (size_t k = 0; k < csv.n; k++) {
		if (k)
			buf_addc(&b, '|');
		buf_addstr(&b, csv.field[k]);
	}
	buf_addf(&b, "<%zu,%zu>", csv.used, csv.lines);
	cr_assert(!b.failed);
	memcpy(out, buf_cstr(&b), b.n + 1);
	buf_free(&b);
	return out;
}

Test(csv, records)
{
	cr_expect_str_eq(fields("a,b,c\r\nd", false), "a|b|c<7,1>");
	cr_expect_str_eq(fields("a,b,c\nd", false), "a|b|c<6,1>");
	cr_expect_str_eq(fields("a,,\n", false), "a||<4,1>");
	cr_expect_str_eq(fields("\n", false), "<1,1>");
	cr_expect_str_eq(fields("a,b", true), "a|b<3,0>");
	cr_expect_str_eq(fields("\"a,b\",\"c\"\"d\"\n", false), "a,b|c\"d<13,1>");
	cr_expect_str_eq(fields("\"\"\"\",\"\"\n", false), "\"|<8,1>");
	cr_expect_str_eq(fields("\"two\r\nlines\",x\r\n", false), "two\r\nlines|x<16,2>");
	cr_expect_str_eq(fields("5\" screen,a\"b\n", false), "5\" screen|a\"b<14,1>");
	cr_expect_str_eq(fields("a\rb\n", false), "a\rb<4,1>");
}

Test(csv, a_record_may_go_on_in_the_next_piece)
{
	static const char *const pieces[] = {"", "a", "a,b", "\"a", "\"a\"", "\"a\"\"", "a\r", "\"a\"\r"};

	for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++)
		cr_expect_eq(csv_next(&csv, str_of(pieces[k]), ',', false), CSV_MORE, "%s", pieces[k]);
}

Test(csv, refusals_cost_one_line)
{
	static const char open[] = "a,\"b\nc,d\ne";
	char *line = calloc(1, CSV_RECORD_MAX + 100);

	cr_expect_eq(csv_next(&csv, str_of(open), ',', true), CSV_UNTERMINATED);
	cr_expect(csv.used == 5 && csv.lines == 1);
	cr_expect_eq(csv_next(&csv, str_of("\"a\"b,c\nd"), ',', false), CSV_AFTER_QUOTE);
	cr_expect_eq(csv.used, 7);
	cr_assert(line);
	memset(line, 'x', CSV_RECORD_MAX + 50);
	cr_expect_eq(csv_next(&csv, str_of(line), ',', false), CSV_TOO_LONG);
	memset(line, ',', CSV_FIELDS);
	line[CSV_FIELDS] = '\n';
	cr_expect_eq(csv_next(&csv, str_of(line), ',', false), CSV_TOO_MANY);
	cr_expect_eq(csv.used, CSV_FIELDS + 1);
	free(line);
}

Test(csv, delimiters)
{
	cr_expect_eq(csv_delimiter(STR("a;b;c,d\n1,2,3,4,5")), ';');
	cr_expect_eq(csv_delimiter(STR("a\tb\n")), '\t');
	cr_expect_eq(csv_delimiter(STR("a\n")), ',');
	cr_expect_eq(csv_delimiter(STR("\"a;b;c\",d\n")), ',');
}

static const char *columns(const char *header, const char *mapping)
{
	static struct columns c;
	static struct err e;
	json_t *map = mapping ? json_loads(mapping, 0, NULL) : NULL;

	e = (struct err){0};
	cr_assert_eq(csv_next(&csv, str_of(header), ',', true), CSV_RECORD);
	columns_read(&csv, map, &c, &e);
	json_decref(map);
	return e.code;
}

Test(csv, columns)
{
	cr_expect_str_eq(columns("external_id,name,phone,phone,attributes.a:number,consent.sms.marketing", NULL), "");
	cr_expect_str_eq(
		columns("Kunde, Handy ,Rest", "{\"Kunde\":\"external_id\",\"Handy\":\"phone\",\"Rest\":\"-\"}"), "");
	cr_expect_str_eq(columns("external_id,colour", NULL), "column_unknown");
	cr_expect_str_eq(columns("external_id,consent.fax.marketing", NULL), "column_unknown");
	cr_expect_str_eq(columns("external_id,name,name", NULL), "column_twice");
	cr_expect_str_eq(columns("name,tier", NULL), "columns_useless");
}

static const char *row_error(const char *text)
{
	static struct err e;
	struct columns c;
	struct row r;

	e = (struct err){0};
	cr_assert_eq(csv_next(&csv,
			      STR("external_id,phone,attributes.n:number,attributes.b:boolean,attributes.t:time,"
				  "consent.sms.marketing,stage,email"),
			      ',', true),
		     CSV_RECORD);
	cr_assert_eq(columns_read(&csv, NULL, &c, NULL), 0);
	cr_assert_eq(csv_next(&csv, str_of(text), ',', true), CSV_RECORD);
	row_from_csv(&csv, &c, "DE", &r, &e);
	row_free(&r);
	return e.code;
}

Test(csv, cells_have_types)
{
	cr_expect_str_eq(row_error("x,0151 12345678 | +49 89 636 48018,1.5e3,YES,2026-01-31,opt_in,active,a@b.example"),
			 "");
	cr_expect_str_eq(row_error("x,,,,,,,"), "");
	cr_expect_str_eq(row_error("x,,,"), "fields_wrong");
	cr_expect_str_eq(row_error("x,,0x10,,,,,"), "number_invalid");
	cr_expect_str_eq(row_error("x,,1 5,,,,,"), "number_invalid");
	cr_expect_str_eq(row_error("x,,,maybe,,,,"), "boolean_invalid");
	cr_expect_str_eq(row_error("x,,,,31.1.2026,,,"), "time_invalid");
	cr_expect_str_eq(row_error("x,,,,,perhaps,,"), "word_unknown");
	cr_expect_str_eq(row_error("x,,,,,,happy,"), "word_unknown");
	cr_expect_str_eq(row_error("x,,,,,,,nobody"), "mailbox_invalid");
	cr_expect_str_eq(row_error("\xff,,,,,,,"), "utf8_invalid");
}
