/* A hostile template, lax and strict, ends in text or in an error with a place in it; never beyond its limits. */
#include <stdlib.h>

#include "liquid/json_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct liquid_template *partial(void *host, struct str name, struct liquid_error *err)
{
	(void)name;
	(void)err;
	return host;
}

static void one(enum liquid_mode mode, struct str source, const json_t *data, struct liquid_render *r)
{
	struct liquid_syntax syntax = {.mode = mode};
	struct liquid_input in = {.data = liquid_json(data),
				  .now = 1457950830,
				  .escape = mode == LIQUID_LAX ? LIQUID_PLAIN : LIQUID_HTML,
				  .inline_errors = mode == LIQUID_LAX,
				  .limits = {.output = 100000, .memory = 1 << 20, .steps = 20000},
				  .partial = partial};
	struct liquid_template *t;
	struct liquid_error err;
	struct buf out;

	buf_init(&out, 1 << 20);
	if (liquid_parse(&syntax, source, &t, &err) == 0) {
		in.host = t;
		if (liquid_render(r, t, &in, &out, &err) && (err.line < 1 || err.column < 1 || !err.msg[0]))
			abort();
		if (out.n > 400000)
			abort();
	} else if (err.line < 1 || err.column < 1 || !err.msg[0]) {
		abort();
	}
	liquid_template_free(&t);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char known[] =
		"{\"a\":[3,1,\"b\",null,{\"t\":\"x\"}],\"h\":{\"k\":\"v\",\"n\":1.5},\"s\":\"gr\\u00fc\\u00df <b>\","
		"\"n\":-7,\"d\":\"2016-03-14 10:20\",\"f\":2.75,\"t\":true}";
	struct str source = str_n((const char *)data, size);
	json_t *tree = json_loads(known, 0, NULL);
	struct liquid_render *r = liquid_render_new();

	if (tree && r && size < 20000) {
		one(LIQUID_LAX, source, tree, r);
		one(LIQUID_STRICT, source, tree, r);
	}
	liquid_render_free(&r);
	json_decref(tree);
	return 0;
}
