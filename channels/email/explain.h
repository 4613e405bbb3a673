/* What `threadline explain mail` shows of one mail: the adapter's own reading of it, as one JSON object. */
#pragma once
#include "base/json.h"

/* `file` is shown as it is. -1: the object has an "error". */
int email_explain(struct str file, struct str raw, struct json_out *j);
