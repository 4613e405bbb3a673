/* Configuration files. What parses also fills, and a second reading of the same text gives the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/settings.h"

struct all {
	char *text, *list;
	int64_t number, size, wait;
	int word;
	bool flag;
};

static const char *const words[] = {"a", "b", NULL};
static const struct setting table[] = {
	{.name = "text", .type = SET_STRING, .offset = offsetof(struct all, text), .secret = true},
	{.name = "list", .type = SET_LIST, .offset = offsetof(struct all, list)},
	{.name = "number", .type = SET_INT, .offset = offsetof(struct all, number), .min = -5, .max = 500},
	{.name = "size", .type = SET_SIZE, .offset = offsetof(struct all, size)},
	{.name = "wait", .type = SET_DURATION, .offset = offsetof(struct all, wait)},
	{.name = "word", .type = SET_ENUM, .offset = offsetof(struct all, word), .words = words},
	{.name = "flag", .type = SET_BOOL, .offset = offsetof(struct all, flag)},
	SETTING_END,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s = NULL;
	const struct section *it = NULL;
	struct err e;

	if (settings_parse("f", str_n((const char *)data, size), &s, &e)) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	while (settings_next(s, &it)) {
		struct all v;
		struct str item;
		size_t pos = 0;
		if (settings_find(s, section_kind(it), section_name(it)) != it)
			abort();
		if (settings_fill(s, it, table, &v, &e))
			continue;
		while (settings_list_next(v.list, &pos, &item))
			if (!item.n)
				abort();
		settings_release(table, &v);
	}
	settings_free(&s);
	return 0;
}
