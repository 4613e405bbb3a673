/* One table of a copy: reading it in the order of its key, writing it, summing it. Private to copy.c. */
#pragma once
#include "store/db.h"

enum { COPY_NAME = 64, COPY_COLUMNS = 48, COPY_KEYS = 8, COPY_SQL = 8192, COPY_BATCH = 1000 };
enum copy_type { COPY_INT, COPY_TEXT, COPY_BYTES, COPY_REAL };

struct copy_table {
	char name[COPY_NAME];
	struct {
		char name[COPY_NAME];
		enum copy_type type;
	} column[COPY_COLUMNS];
	int columns;
	int key[COPY_KEYS], keys;				      /* columns of the primary key, in its order */
	char insert[COPY_SQL], first[2][COPY_SQL], next[2][COPY_SQL]; /* by dialect */
	char last[COPY_SQL];
};

/* After which row to go on. */
struct copy_place {
	bool begun;
	struct buf text[COPY_KEYS];
	int64_t number[COPY_KEYS];
};

struct copy_sum {
	int64_t rows;
	uint64_t sum; /* of a hash of each row: the order does not matter */
};

/* Fills what the name alone does not tell. */
int copy_table_look(struct db *from, struct copy_table *t, struct err *err);
/* After the last row that is there. Always to be freed. */
int copy_place_find(struct db *to, struct copy_table *t, struct copy_place *p, struct err *err);
void copy_place_free(struct copy_place *p);
/* In one transaction of `to`; rows, 0 at the end, -1. */
int copy_table_batch(struct db *from, struct db *to, struct copy_table *t, struct copy_place *p, struct err *err);
int copy_table_sum(struct db *db, struct copy_table *t, struct copy_sum *out, struct err *err);
