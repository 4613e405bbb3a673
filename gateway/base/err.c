#include "base/err.h"

#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_nomem
#undef err_context

int err_set(struct err *e, enum err_kind kind, const char *code, const char *field, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	*e = (struct err){.kind = kind};
	snprintf(e->code, sizeof e->code, "%s", code ? code : "");
	snprintf(e->field, sizeof e->field, "%s", field ? field : "");
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	return -1;
}

int err_nomem(struct err *e) { return err_set(e, ERR_INTERNAL, "out_of_memory", NULL, "out of memory"); }

int err_context(struct err *e, const char *fmt, ...)
{
	char what[120], msg[sizeof e->msg];
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	memcpy(msg, e->msg, sizeof msg);
	snprintf(e->msg, sizeof e->msg, "%.110s: %.120s", what, msg);
	return -1;
}
