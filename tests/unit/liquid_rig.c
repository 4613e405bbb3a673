#include "unit/liquid_rig.h"

#include <jansson.h>
#include <stdlib.h>

#include "liquid/json_value.h"

struct loaded {
	const struct liquid_rig *rig;
	const json_t *sources;
	struct liquid_template *t[32];
	struct str name[32];
	size_t n;
};

static struct liquid_syntax syntax_of(const struct liquid_rig *rig)
{
	return (struct liquid_syntax){rig->mode, rig->filters, rig->n_filters};
}

static const struct liquid_template *partial(void *host, struct str name, struct liquid_error *err)
{
	struct loaded *l = host;
	const json_t *s = l->sources ? json_object_getn(l->sources, name.p, name.n) : NULL;
	struct liquid_syntax syntax = syntax_of(l->rig);

	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->name[i], name))
			return l->t[i];
	if (!s || l->n == 32 ||
	    liquid_parse(&syntax, str_n(json_string_value(s), json_string_length(s)), &l->t[l->n], err))
		return NULL;
	l->name[l->n] = name;
	return l->t[l->n++];
}

int liquid_rig_tree(const struct liquid_rig *rig, struct str source, const void *data, const void *partials,
		    struct buf *out, struct liquid_error *err)
{
	struct loaded loaded = {.rig = rig, .sources = partials};
	struct liquid_syntax syntax = syntax_of(rig);
	struct liquid_input in = {.data = liquid_json(data),
				  .now = rig->now,
				  .escape = rig->escape,
				  .inline_errors = rig->inline_errors,
				  .limits = rig->limits,
				  .partial = partial,
				  .host = &loaded};
	struct liquid_render *r = liquid_render_new();
	struct liquid_template *t = NULL;
	int failed = -1;

	*err = (struct liquid_error){0};
	if (r && liquid_parse(&syntax, source, &t, err) == 0)
		failed = liquid_render(r, t, &in, out, err);
	liquid_template_free(&t);
	for (size_t i = 0; i < loaded.n; i++)
		liquid_template_free(&loaded.t[i]);
	liquid_render_free(&r);
	return failed;
}

const char *liquid_rig_render(struct arena *a, const struct liquid_rig *rig, const char *source, const char *data)
{
	json_t *d = data ? json_loads(data, 0, NULL) : NULL;
	json_t *p = rig->partials ? json_loads(rig->partials, 0, NULL) : NULL;
	struct liquid_error err;
	const char *text;
	struct buf out;

	buf_init(&out, 1 << 20);
	if (liquid_rig_tree(rig, str_of(source), d, p, &out, &err))
		text = arena_printf(a, "error %d:%d %s", err.line, err.column, err.msg);
	else
		text = arena_strndup(a, out.p ? out.p : "", out.n);
	buf_free(&out);
	json_decref(d);
	json_decref(p);
	return text ? text : "out of memory";
}
