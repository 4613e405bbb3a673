/* `threadline explain number`: one JSON object for one input, see etc/threadline.1. */
#pragma once
#include "base/json.h"

/* region may be NULL. -1: the object has `error`. */
int phone_explain(struct str text, const char *region, struct json_out *j);
