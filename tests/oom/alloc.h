/* Allocation that runs out, and who still holds what. Process-wide, thread-safe. */
#pragma once
#include <stdbool.h>

void oom_begin(long n); /* from here on the n-th allocation fails, once */
void oom_end(void);	/* nothing fails any more */
bool oom_failed(void);	/* it was reached */
long oom_leaks(void);	/* allocations made since oom_begin and not freed */
