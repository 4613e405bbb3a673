#include "store/sqlite_cache.h"

#include <sqlite3.h>
#include <stdlib.h>

struct cache {
	sqlite3_pcache *inner;
	unsigned high;	 /* no page has a higher number, but for */
	unsigned parked; /* so many at most, for a moment */
};

static struct cache *of(sqlite3_pcache *p) { return (struct cache *)(void *)p; }

/* SQLite's own methods, written once before it starts. */
static sqlite3_pcache_methods2 *own(void)
{
	static sqlite3_pcache_methods2 m;
	return &m;
}

static int init(void *arg)
{
	(void)arg;
	return own()->xInit(own()->pArg);
}

static void shut_down(void *arg)
{
	(void)arg;
	own()->xShutdown(own()->pArg);
}

static sqlite3_pcache *create(int page, int extra, int purgeable)
{
	struct cache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->inner = own()->xCreate(page, extra, purgeable);
	if (!c->inner) {
		free(c);
		return NULL;
	}
	return (sqlite3_pcache *)(void *)c;
}

static void set_size(sqlite3_pcache *p, int pages) { own()->xCachesize(of(p)->inner, pages); }
static int page_count(sqlite3_pcache *p) { return own()->xPagecount(of(p)->inner); }
static void shrink(sqlite3_pcache *p) { own()->xShrink(of(p)->inner); }

static sqlite3_pcache_page *fetch(sqlite3_pcache *p, unsigned key, int make)
{
	struct cache *c = of(p);

	if (make && key > c->high)
		c->high = key;
	return own()->xFetch(c->inner, key, make);
}

static void unpin(sqlite3_pcache *p, sqlite3_pcache_page *page, int discard)
{
	own()->xUnpin(of(p)->inner, page, discard);
}

static void rekey(sqlite3_pcache *p, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
	struct cache *c = of(p);

	if (to > c->high)
		c->parked++;
	if (from > c->high && c->parked)
		c->parked--;
	own()->xRekey(c->inner, page, from, to);
}

/* Drops all pages from `limit` on. */
static void truncate(sqlite3_pcache *p, unsigned limit)
{
	struct cache *c = of(p);

	if (limit > c->high && c->parked == 0)
		return;
	own()->xTruncate(c->inner, limit);
	if (limit <= c->high)
		c->high = limit ? limit - 1 : 0;
	c->parked = 0;
}

static void destroy(sqlite3_pcache *p)
{
	own()->xDestroy(of(p)->inner);
	free(of(p));
}

void sqlite_cache_install(void)
{
	const sqlite3_pcache_methods2 m = {.iVersion = 1,
					   .xInit = init,
					   .xShutdown = shut_down,
					   .xCreate = create,
					   .xCachesize = set_size,
					   .xPagecount = page_count,
					   .xFetch = fetch,
					   .xUnpin = unpin,
					   .xRekey = rekey,
					   .xTruncate = truncate,
					   .xDestroy = destroy,
					   .xShrink = shrink};
	if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, own()) == SQLITE_OK && own()->xInit)
		sqlite3_config(SQLITE_CONFIG_PCACHE2, &m);
}
