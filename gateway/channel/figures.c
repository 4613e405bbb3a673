/* A hash over a growing array. A name is found by its address first: adapters count with literals. */
#include "channel/figures.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 256, MOST = 200, LABEL_MAX = 48 };

struct figure {
	const char *name;
	char label[LABEL_MAX];
	bool gauge;
	int64_t value;
};

struct figures {
	pthread_mutex_t lock;
	struct figure v[MOST];
	size_t n;
	uint8_t slot[SLOTS]; /* 1 + index */
};

struct figures *figures_new(void)
{
	struct figures *f = calloc(1, sizeof *f);

	if (f)
		pthread_mutex_init(&f->lock, NULL);
	return f;
}

void figures_free(struct figures **fp)
{
	if (!*fp)
		return;
	pthread_mutex_destroy(&(*fp)->lock);
	free(*fp);
	*fp = NULL;
}

static unsigned hash(const char *name, const char *label)
{
	unsigned h = 5381;

	for (; *name; name++)
		h = h * 33 ^ (unsigned char)*name;
	for (size_t k = 0; k < LABEL_MAX - 1 && label[k]; k++)
		h = h * 33 ^ (unsigned char)label[k];
	return h;
}

static bool same(const struct figure *x, const char *name, const char *label)
{
	return (x->name == name || strcmp(x->name, name) == 0) && strncmp(x->label, label, LABEL_MAX - 1) == 0;
}

/* NULL: there are too many, which is a label that should not be one. */
static struct figure *find(struct figures *f, const char *name, const char *label, bool gauge)
{
	unsigned k = hash(name, label) % SLOTS;
	struct figure *x;
	size_t n;

	for (; f->slot[k]; k = (k + 1) % SLOTS)
		if (same(&f->v[f->slot[k] - 1], name, label))
			return &f->v[f->slot[k] - 1];
	if (f->n == MOST)
		return NULL;
	x = &f->v[f->n++];
	f->slot[k] = (uint8_t)f->n;
	n = strnlen(label, LABEL_MAX - 1);
	*x = (struct figure){.name = name, .gauge = gauge};
	memcpy(x->label, label, n);
	return x;
}

void figures_add(struct figures *f, const char *name, const char *label, int64_t add)
{
	struct figure *x;

	pthread_mutex_lock(&f->lock);
	x = find(f, name, label ? label : "", false);
	if (x)
		x->value += add;
	pthread_mutex_unlock(&f->lock);
}

void figures_set(struct figures *f, const char *name, const char *label, int64_t value)
{
	struct figure *x;

	pthread_mutex_lock(&f->lock);
	x = find(f, name, label ? label : "", true);
	if (x)
		x->value = value;
	pthread_mutex_unlock(&f->lock);
}

void figures_each(struct figures *f,
		  void (*fn)(void *arg, const char *name, const char *label, bool gauge, int64_t value), void *arg)
{
	pthread_mutex_lock(&f->lock);
	for (size_t k = 0; k < f->n; k++)
		fn(arg, f->v[k].name, f->v[k].label, f->v[k].gauge, f->v[k].value);
	pthread_mutex_unlock(&f->lock);
}
