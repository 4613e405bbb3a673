/* A parsed file, as settings.c makes it and settings_fill.c reads it. Everything lies in one arena. */
#pragma once
#include "base/settings.h"

struct entry {
	struct entry *next;
	const char *key, *value;
	int line;
};

struct section {
	struct section *next;
	const char *title; /* as written between the brackets: "sms main" */
	const char *kind, *name;
	int line;
	struct entry *first, **last;
};

struct settings {
	struct arena *mem;
	const char *file;
	struct section *first, **last;
};
