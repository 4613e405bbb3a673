/* The gateway's own sections. Private to config.c and its tests. */
#pragma once
#include "config.h"

struct config_table {
	const char *kind;
	const char *about; /* comment above the section in the sample */
	const struct setting *settings;
	size_t offset; /* of the section's struct in struct config */
};

extern const struct config_table config_tables[]; /* ended by a NULL kind */
