/* A short list behind a lock: a gateway has a handful of accounts, and whoever asks wants one of them. */
#include "channel/accounts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct accounts {
	pthread_mutex_t lock;
	struct account_info *v;
	size_t n;
};

static const char *const state_words[] = {"connecting", "up", "down", "refused", "closed", "standby"};

const char *account_state_word(enum account_state s)
{
	return (unsigned)s < sizeof state_words / sizeof *state_words ? state_words[s] : "?";
}

int accounts_new(struct accounts **out, struct err *err)
{
	struct accounts *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return 0;
}

void accounts_free(struct accounts **ap)
{
	struct accounts *a = ap ? *ap : NULL;

	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a->v);
	free(a);
	*ap = NULL;
}

static struct account_info *find(struct accounts *a, struct str name)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_is(name, a->v[i].name))
			return &a->v[i];
	return NULL;
}

int accounts_add(struct accounts *a, const struct account_info *i, struct err *err)
{
	struct account_info *v;
	int r = 0;

	pthread_mutex_lock(&a->lock);
	if (find(a, str_of(i->name)))
		r = err_set(err, ERR_CONFLICT, "account_exists", NULL, "two accounts are called \"%s\"", i->name);
	else if (!(v = realloc(a->v, (a->n + 1) * sizeof *v)))
		r = err_nomem(err);
	else {
		a->v = v;
		a->v[a->n++] = *i;
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}

void accounts_set_state(struct accounts *a, const char *name, enum account_state s, const char *reason, int64_t now)
{
	struct account_info *i;

	pthread_mutex_lock(&a->lock);
	i = find(a, str_of(name));
	if (i) {
		if (i->state != s || i->since == 0)
			i->since = now;
		i->state = s;
		snprintf(i->reason, sizeof i->reason, "%s", reason ? reason : "");
	}
	pthread_mutex_unlock(&a->lock);
}

bool accounts_get(struct accounts *a, struct str name, struct account_info *out)
{
	const struct account_info *i;

	pthread_mutex_lock(&a->lock);
	i = find(a, name);
	if (i)
		*out = *i;
	pthread_mutex_unlock(&a->lock);
	return i != NULL;
}

bool accounts_pick(struct accounts *a, enum channel c, struct str name, struct account_info *out)
{
	const struct account_info *best = NULL;

	pthread_mutex_lock(&a->lock);
	if (name.n) {
		best = find(a, name);
		if (best && best->channel != c)
			best = NULL;
	}
	for (size_t i = 0; !name.n && i < a->n; i++) {
		const struct account_info *x = &a->v[i];
		if (x->channel == c && (!best || (best->state != ACCOUNT_UP && x->state == ACCOUNT_UP)))
			best = x;
	}
	if (best)
		*out = *best;
	pthread_mutex_unlock(&a->lock);
	return best != NULL;
}

size_t accounts_list(struct accounts *a, struct account_info *out, size_t max)
{
	size_t n;

	pthread_mutex_lock(&a->lock);
	n = a->n < max ? a->n : max;
	if (n)
		memcpy(out, a->v, n * sizeof *out);
	pthread_mutex_unlock(&a->lock);
	return n;
}
