#include "base/asset.h"

/* Written by etc/embed.sh. Addresses are relocated at load, so the table is not const in the assembler's eyes. */
struct asset {
	const char *name, *data;
	size_t n;
};
extern const struct asset asset_table[];

struct str asset_find(struct str name)
{
	for (const struct asset *a = asset_table; a->name; a++)
		if (str_is(name, a->name))
			return str_n(a->data, a->n);
	return (struct str){0};
}
