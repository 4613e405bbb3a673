/* What the filters over arrays share. */
#pragma once
#include "liquid/value.h"

/* Arrays come flat, an object as itself, a range as its numbers, nil as nothing, anything else alone. */
int array_of(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value **items, size_t *n);

enum property { PROPERTY_OK, PROPERTY_NONE /* has no [] at all */, PROPERTY_WRONG /* not with such a key */ };
/* item[key] as Ruby answers it, for text and integers as well. */
enum property array_property(const struct liquid_value *item, const struct liquid_value *key, struct liquid_value *out);
int fail_property(struct liquid_call *c, const struct liquid_value *key);
