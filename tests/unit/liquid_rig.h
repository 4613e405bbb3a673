/* Templates rendered with data in JSON, for the tests of templates/liquid. */
#pragma once
#include "base/arena.h"
#include "liquid/liquid.h"

struct liquid_rig {
	enum liquid_mode mode;
	enum liquid_escape escape;
	int64_t now;
	bool inline_errors;
	struct liquid_limits limits;
	const struct liquid_filter *filters;
	size_t n_filters;
	const char *partials; /* a JSON object, NULL for none */
};

/* The text, or "error LINE:COLUMN MESSAGE"; in the arena. */
const char *liquid_rig_render(struct arena *a, const struct liquid_rig *rig, const char *source, const char *data);
/* The same with trees of jansson. */
int liquid_rig_tree(const struct liquid_rig *rig, struct str source, const void *data, const void *partials,
		    struct buf *out, struct liquid_error *err);
