/* The list of schema steps (see migrations.c). Private to store/. */
#pragma once

struct migration {
	int number;
	const char *sql;
};

extern const struct migration migrations[];
extern const int migrations_n;
