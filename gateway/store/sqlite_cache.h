/*
 * SQLite's page cache without one flaw. When a tree is balanced, SQLite 3.40 parks pages under the number of the page that
 * no database uses (the one at 1 GiB), and its cache takes that for the highest number it holds. So at the end of each
 * transaction, when it drops what lies beyond the end of the file, it visits every page it has: with the cache of the
 * writer filled, a tenth of all that the writer does. Here the highest real number is remembered, and a truncation beyond
 * it is known to be none.
 */
#pragma once

/* Before SQLite is used at all. Without success the cache stays as it is. */
void sqlite_cache_install(void);
