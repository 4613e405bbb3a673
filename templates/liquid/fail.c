#include <stdarg.h>
#include <stdio.h>

#include "liquid/context.h"
#include "liquid/value.h"

int liquid_fail(struct liquid_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->err->msg, sizeof c->err->msg, fmt, ap);
	va_end(ap);
	c->err->line = 0;
	return -1;
}

int fail_memory(struct liquid_call *c)
{
	c->fatal = true;
	return liquid_fail(c, "Memory limits exceeded");
}

int fail_steps(struct liquid_call *c)
{
	c->fatal = true;
	c->steps = 0;
	return liquid_fail(c, "Too many steps");
}

void *liquid_alloc(struct liquid_call *c, size_t n) { return arena_alloc(c->arena, n ? n : 1); }
void *liquid_host(struct liquid_call *c) { return c->in->host; }

struct str liquid_text(struct liquid_call *c, const struct liquid_value *v)
{
	struct str s;
	return value_text(c, v, &s) ? STR("") : s;
}
