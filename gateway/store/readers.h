/*
 * Read connections, one for each thread that asks: a thread's first call opens its own, closed by readers_close. They see
 * what is committed, never block the writer, and must not be kept over a wait for other threads.
 */
#pragma once
#include "store/db.h"

struct readers;

int readers_open(const char *dsn, struct readers **out, struct err *err);
struct db *readers_get(struct readers *r, struct err *err); /* this thread's connection; NULL on error */
/* This thread reads what the writer has just changed, again and again. */
int readers_follow(struct readers *r, struct err *err);
void readers_close(struct readers **r);			    /* when no thread reads any more */
