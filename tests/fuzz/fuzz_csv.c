/* CSV: a file cut in two gives the same records as the whole; each record moves on; rows of it are read or refused. */
#include <stdint.h>
#include <stdlib.h>

#include "import/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rows(const struct csv *c, const struct columns *columns)
{
	struct err e = {0};
	struct row r;

	if (row_from_csv(c, columns, "DE", &r, &e) && !e.code[0])
		abort();
	row_free(&r);
}

/* How many records, and whether all of the text was used. */
static size_t records(struct csv *c, struct str t, char delimiter)
{
	static struct columns columns;
	bool header = false;
	size_t n = 0;

	while (t.n) {
		enum csv_result k = csv_next(c, t, delimiter, true);
		if (k == CSV_MORE || c->used == 0 || c->used > t.n)
			abort();
		if (k == CSV_RECORD && !header)
			header = columns_read(c, NULL, &columns, NULL) == 0;
		else if (k == CSV_RECORD)
			rows(c, &columns);
		/* Cut anywhere inside the record it is not there yet, or the same. */
		if (k == CSV_RECORD && c->used > 1) {
			size_t used = c->used, fields = c->n;
			if (csv_next(c, str_n(t.p, used / 2), delimiter, false) == CSV_RECORD && c->used != used)
				abort();
			if (csv_next(c, str_n(t.p, used), delimiter, true) != CSV_RECORD || c->n != fields)
				abort();
			c->used = used;
		}
		t = str_n(t.p + c->used, t.n - c->used);
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str t = str_n((const char *)data, size);
	struct csv *c = malloc(sizeof *c);

	if (!c)
		abort();
	csv_init(c);
	records(c, t, csv_delimiter(t));
	csv_free(c);
	free(c);
	return 0;
}
