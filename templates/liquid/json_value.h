/* jansson's trees as values. The tree has to live as long as the render. */
#pragma once
#include "base/json.h"
#include "liquid/liquid.h"

struct liquid_value liquid_json(const json_t *v);
