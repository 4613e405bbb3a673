#include "store/readers.h"

#include <pthread.h>
#include <stdlib.h>

struct reader {
	struct reader *next;
	struct db *db;
};

struct readers {
	pthread_key_t mine;
	pthread_mutex_t lock;
	struct reader *all;
	char *dsn;
};

int readers_open(const char *dsn, struct readers **out, struct err *err)
{
	struct readers *r = calloc(1, sizeof *r);

	if (!r || !(r->dsn = strdup(dsn)) || pthread_key_create(&r->mine, NULL)) {
		if (r)
			free(r->dsn);
		free(r);
		return err_nomem(err);
	}
	pthread_mutex_init(&r->lock, NULL);
	*out = r;
	return 0;
}

struct db *readers_get(struct readers *r, struct err *err)
{
	struct db *db = pthread_getspecific(r->mine);
	struct reader *mine;

	if (db)
		return db;
	mine = calloc(1, sizeof *mine);
	if (!mine) {
		err_nomem(err);
		return NULL;
	}
	if (db_open(r->dsn, DB_READ, &mine->db, err) || pthread_setspecific(r->mine, mine->db)) {
		db_close(&mine->db);
		free(mine);
		return NULL;
	}
	pthread_mutex_lock(&r->lock);
	mine->next = r->all;
	r->all = mine;
	pthread_mutex_unlock(&r->lock);
	return mine->db;
}

/* SQLite drops its map of the file whenever the store has changed, and maps it anew page by page: plain reads cost less. */
int readers_follow(struct readers *r, struct err *err)
{
	struct db *db = readers_get(r, err);

	if (!db)
		return -1;
	return db_dialect(db) == DB_SQLITE ? db_exec(db, "PRAGMA mmap_size=0", err) : 0;
}

void readers_close(struct readers **rp)
{
	struct readers *r = *rp;

	if (!r)
		return;
	for (struct reader *m = r->all, *next; m; m = next) {
		next = m->next;
		db_close(&m->db);
		free(m);
	}
	pthread_key_delete(r->mine);
	pthread_mutex_destroy(&r->lock);
	free(r->dsn);
	free(r);
	*rp = NULL;
}
