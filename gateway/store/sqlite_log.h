/*
 * Writes to SQLite's log (WAL) in long pieces. SQLite writes each frame in two calls, its head and its page: some hundred
 * system calls for a batch. What follows on what was written before is gathered here and written at once, at the latest
 * when SQLite syncs the log, which with synchronous=FULL it does before a commit is visible to anybody.
 */
#pragma once

/* The file system layer to open databases with, once it is installed. */
#define SQLITE_LOG_LAYER "threadline"

/* Call once, before the first opening. Without success there is no such layer. */
void sqlite_log_install(void);
