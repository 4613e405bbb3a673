/* What adapters count: named counters and gauges of one account. Thread-safe. */
#pragma once
#include "base/str.h"

struct figures;

struct figures *figures_new(void); /* NULL: out of memory */
void figures_free(struct figures **f);
/* name is static; label may be NULL. Out of memory loses the figure, nothing else. */
void figures_add(struct figures *f, const char *name, const char *label, int64_t add);
void figures_set(struct figures *f, const char *name, const char *label, int64_t value);
/* Calls fn for each, in the order in which they were first used. */
void figures_each(struct figures *f,
		  void (*fn)(void *arg, const char *name, const char *label, bool gauge, int64_t value), void *arg);
