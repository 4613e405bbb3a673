#include "oom/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 16 };

static _Atomic bool on, failed;
static _Atomic long left;
static _Atomic(void *) held[SLOTS]; /* open addressing; a freed slot holds `gone` */
static char gone;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void oom_begin(long n)
{
	memset(held, 0, sizeof held);
	atomic_store(&left, n);
	atomic_store(&failed, false);
	atomic_store(&on, true);
}

void oom_end(void) { atomic_store(&left, 0); }
bool oom_failed(void) { return atomic_load(&failed); }

long oom_leaks(void)
{
	long n = 0;

	atomic_store(&on, false);
	for (size_t i = 0; i < SLOTS; i++)
		n += held[i] && held[i] != &gone;
	return n;
}

static bool refuse(void)
{
	if (!atomic_load(&on) || atomic_load(&left) <= 0 || atomic_fetch_sub(&left, 1) != 1)
		return false;
	atomic_store(&failed, true);
	return true;
}

static size_t slot(const void *p) { return (size_t)(((uintptr_t)p >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 48); }

static void *note(void *p)
{
	if (p && atomic_load(&on))
		for (size_t i = slot(p), k = 0; k < SLOTS; k++, i = (i + 1) % SLOTS) {
			void *empty = NULL, *freed = &gone;
			if (atomic_compare_exchange_strong(&held[i], &empty, p) ||
			    atomic_compare_exchange_strong(&held[i], &freed, p))
				break;
		}
	return p;
}

static void forget(void *p)
{
	if (!p || !atomic_load(&on))
		return;
	for (size_t i = slot(p), k = 0; k < SLOTS && held[i]; k++, i = (i + 1) % SLOTS) {
		void *mine = p;
		if (atomic_compare_exchange_strong(&held[i], &mine, &gone))
			return;
	}
}

void *__wrap_malloc(size_t n) { return refuse() ? NULL : note(__real_malloc(n)); }
void *__wrap_calloc(size_t n, size_t size) { return refuse() ? NULL : note(__real_calloc(n, size)); }
void *__wrap_aligned_alloc(size_t align, size_t n) { return refuse() ? NULL : note(aligned_alloc(align, n)); }

void *__wrap_realloc(void *p, size_t n)
{
	if (refuse())
		return NULL;
	forget(p);
	return note(__real_realloc(p, n));
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return __builtin_mul_overflow(n, size, &n) ? NULL : __wrap_realloc(p, n);
}

void __wrap_free(void *p)
{
	forget(p);
	__real_free(p);
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = __wrap_malloc(len + 1);

	if (p) {
		memcpy(p, s, len);
		p[len] = 0;
	}
	return p;
}

char *__wrap_strdup(const char *s) { return __wrap_strndup(s, SIZE_MAX); }
