#include "http/running.h"

#include <stdlib.h>

/* uthash then says that memory is out instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(e) ((e)->failed = true)
#include <uthash.h>

struct running_key {
	UT_hash_handle hh;
	bool failed;
	size_t n;
	char key[];
};

void running_init(struct running *r)
{
	pthread_mutex_init(&r->lock, NULL);
	r->all = NULL;
}

void running_free(struct running *r)
{
	struct running_key *k, *next;

	HASH_ITER (hh, r->all, k, next) {
		HASH_DEL(r->all, k);
		free(k);
	}
	pthread_mutex_destroy(&r->lock);
}

struct running_key *running_add(struct running *r, struct str key, bool *nomem)
{
	struct running_key *k = calloc(1, sizeof *k + key.n), *present;

	*nomem = !k;
	if (!k)
		return NULL;
	k->n = key.n;
	memcpy(k->key, key.p, key.n);
	pthread_mutex_lock(&r->lock);
	HASH_FIND(hh, r->all, key.p, key.n, present);
	if (!present)
		HASH_ADD_KEYPTR(hh, r->all, k->key, k->n, k);
	pthread_mutex_unlock(&r->lock);
	*nomem = k->failed;
	if (present || k->failed) {
		free(k);
		return NULL;
	}
	return k;
}

void running_remove(struct running *r, struct running_key **k)
{
	if (!*k)
		return;
	pthread_mutex_lock(&r->lock);
	HASH_DEL(r->all, *k);
	pthread_mutex_unlock(&r->lock);
	free(*k);
	*k = NULL;
}
