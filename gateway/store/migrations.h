/* The list of schema steps (see migrations.c). Private to store/. */
#pragma once

struct migration {
	int number;
	const char *sql;      /* in SQLite's words; migrate.c says how PostgreSQL reads them */
	const char *sqlite;   /* what only SQLite has; may be NULL */
	const char *postgres; /* what only PostgreSQL has; may be NULL */
};

extern const struct migration migrations[];
extern const int migrations_n;
