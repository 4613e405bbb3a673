#include "adapters.h"

const struct channel_ops *const adapters[] = {
	NULL,
};

const struct channel_ops *adapter_find(const char *kind)
{
	for (const struct channel_ops *const *a = adapters; *a; a++)
		if (strcmp((*a)->name, kind) == 0)
			return *a;
	return NULL;
}
