/* The store as the bench fills and reads it, with the gateway's own code; private to timeline.c and timeline_fill.c. */
#pragma once
#include "bench/kit.h"
#include "store/db.h"

_Noreturn void timeline_die(const struct err *err);
/* A new store at dsn with so many interactions spread over so many customers; their ids, a line each, to ids. */
void timeline_fill(const char *dsn, const char *ids, long interactions, long customers);
