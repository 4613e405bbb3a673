/*
 * What a template refers to, without rendering it: the variables that it does not make itself, the partials it names by a
 * literal, the keys it translates (a literal before the filter `t`). For tools that check templates.
 */
#pragma once
#include "liquid/liquid.h"

enum liquid_use { LIQUID_USE_VARIABLE, LIQUID_USE_PARTIAL, LIQUID_USE_TRANSLATION };

/* name: "customer.first_name" (as far as the steps are words), "footer", "order.ready". Called for each place, in order.
 * Valid during the call. */
typedef void liquid_uses_fn(void *arg, enum liquid_use kind, struct str name, int line, int column);
void liquid_uses(const struct liquid_template *t, liquid_uses_fn *fn, void *arg);
