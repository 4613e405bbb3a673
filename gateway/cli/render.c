/*
 * One template, or a batch of them as lines of JSON: each is parsed and rendered as the gateway does, and answered with
 * one line. A refused one has an "error"; the rest goes on, and the exit status is 1 at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/options.h"
#include "liquid/date.h"
#include "liquid/json_value.h"
#include "liquid/liquid.h"

enum { FILE_MAX = 16 << 20, DEPTH = 200 };

struct parsed { /* a partial of the line at hand */
	struct parsed *next;
	const char *name;
	struct liquid_template *t;
};

struct job {
	struct liquid_render *render;
	struct liquid_syntax syntax;
	const json_t *partials;
	struct parsed *parsed;
	struct buf text, line;
	bool refused;
};

static const struct liquid_template *partial(void *host, struct str name, struct liquid_error *err)
{
	struct job *job = host;
	const json_t *source = json_object_getn(job->partials, name.p, name.n);
	struct parsed *p;

	for (p = job->parsed; p; p = p->next)
		if (str_is(name, p->name))
			return p->t;
	if (!json_is_string(source))
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p || !(p->name = strndup(name.p, name.n)) ||
	    liquid_parse(&job->syntax, str_n(json_string_value(source), json_string_length(source)), &p->t, err)) {
		if (p)
			free((char *)p->name);
		free(p);
		return NULL;
	}
	p->next = job->parsed;
	job->parsed = p;
	return p->t;
}

static void forget_partials(struct job *job)
{
	for (struct parsed *p = job->parsed, *next; p; p = next) {
		next = p->next;
		liquid_template_free(&p->t);
		free((char *)p->name);
		free(p);
	}
	job->parsed = NULL;
}

/* Into job->text. */
static int render_one(struct job *job, struct str source, const json_t *data, int64_t now, struct liquid_error *err)
{
	struct liquid_input in = {.data = liquid_json(data), .now = now, .partial = partial, .host = job};
	struct liquid_template *t;
	int r;

	buf_reset(&job->text);
	if (liquid_parse(&job->syntax, source, &t, err))
		return -1;
	r = liquid_render(job->render, t, &in, &job->text, err);
	liquid_template_free(&t);
	forget_partials(job);
	return r;
}

static int mode_of(const char *word, enum liquid_mode *mode, struct err *err)
{
	*mode = strcmp(word, "strict") == 0 ? LIQUID_STRICT : LIQUID_LAX;
	if (*mode == LIQUID_LAX && strcmp(word, "lax") != 0)
		return err_set(err, ERR_INVALID, "mode_unknown", "/mode", "mode is lax or strict");
	return 0;
}

/* Seconds since 1970, or a date. */
static int64_t now_of(const json_t *v)
{
	int64_t now = (int64_t)time(NULL);
	struct moment m;
	struct buf lower;

	if (json_is_number(v))
		return (int64_t)json_number_value(v);
	if (!json_is_string(v))
		return now;
	buf_init(&lower, 256);
	for (const char *c = json_string_value(v); *c; c++)
		buf_addc(&lower, *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c);
	if (date_read(buf_str(&lower), now, &m))
		now = m.seconds;
	buf_free(&lower);
	return now;
}

static int batch_line(struct job *job, const json_t *line, struct liquid_error *place, struct err *err)
{
	const json_t *template = json_object_get(line, "template"), *mode = json_object_get(line, "mode");

	*place = (struct liquid_error){0};
	if (!json_is_string(template))
		return err_set(err, ERR_INVALID, "template_missing", "/template", "template has to be a text");
	if (mode && !json_is_null(mode) && !json_is_string(mode))
		return err_set(err, ERR_INVALID, "mode_unknown", "/mode", "mode is lax or strict");
	if (mode_of(json_is_string(mode) ? json_string_value(mode) : "lax", &job->syntax.mode, err))
		return -1;
	job->partials = json_object_get(line, "partials");
	if (render_one(job, str_n(json_string_value(template), json_string_length(template)),
		       json_object_get(line, "data"), now_of(json_object_get(line, "now")), place))
		return err_set(err, ERR_SEMANTIC, "liquid", NULL, "%s", place->msg);
	return 0;
}

static void batch_one(void *arg, struct str input)
{
	struct job *job = arg;
	struct liquid_error place = {0};
	struct err err = {0};
	struct json_out j;
	json_t *line = NULL;

	if (str_trim(input).n == 0)
		return;
	buf_reset(&job->line);
	json_begin(&j, &job->line);
	json_obj(&j, NULL);
	if (json_read(input, DEPTH, &line, &err) || batch_line(job, line, &place, &err)) {
		job->refused = true;
		json_cstr(&j, "error", err.msg);
		if (place.line) {
			json_int(&j, "line", place.line);
			json_int(&j, "column", place.column);
		}
		if (place.partial[0])
			json_cstr(&j, "partial", place.partial);
	} else {
		json_str(&j, "result", buf_str(&job->text));
	}
	json_end(&j);
	json_decref(line);
	if (job->line.failed) {
		job->refused = true;
		puts("{\"error\":\"too long\"}");
		return;
	}
	fwrite(job->line.p, 1, job->line.n, stdout);
	putchar('\n');
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
	FILE *f = fopen(path, "rb");
	size_t n = 1;
	bool bad;

	if (!f)
		return err_set(err, ERR_NOT_FOUND, "file", NULL, "%s: %s", path, strerror(errno));
	while (n) {
		char *to = buf_room(out, 65536);
		n = to ? fread(to, 1, 65536, f) : 0;
		out->n += n;
	}
	bad = ferror(f);
	fclose(f);
	if (bad || out->failed)
		return err_set(err, ERR_INVALID, "file", NULL, "%s: %s", path, bad ? "cannot be read" : "too large");
	return 0;
}

/* JSON, or @FILE with it. */
static int read_data(const char *arg, json_t **data, struct err *err)
{
	struct buf b;
	int r;

	if (*arg != '@')
		return json_read(str_of(arg), DEPTH, data, err);
	buf_init(&b, FILE_MAX);
	r = read_file(arg + 1, &b, err) ? -1 : json_read(buf_str(&b), DEPTH, data, err);
	buf_free(&b);
	return r;
}

static int single(struct job *job, const char *path, const char *data)
{
	char dash[2] = "-", *standard_input[] = {dash, NULL};
	struct liquid_error place;
	struct err err = {0};
	json_t *json = NULL;
	struct buf source;
	int r;

	buf_init(&source, FILE_MAX);
	if ((strcmp(path, "-") == 0 ? input_text(1, standard_input, &source, &err) : read_file(path, &source, &err)) ||
	    (data && read_data(data, &json, &err))) {
		r = cli_fail("render", &err);
	} else if (render_one(job, buf_str(&source), json, (int64_t)time(NULL), &place)) {
		fprintf(stderr, "threadline render: %s:%d:%d: %s\n", path, place.line, place.column, place.msg);
		r = CLI_FAILED;
	} else {
		fwrite(job->text.p, 1, job->text.n, stdout);
		r = CLI_OK;
	}
	json_decref(json);
	buf_free(&source);
	return r;
}

static int run(struct job *job, bool batch, int argc, char **argv, const char *data)
{
	char dash[2] = "-", *standard_input[] = {dash, NULL};
	struct err err = {0};

	if (!batch)
		return single(job, argv[0], data);
	if (argc)
		return cli_fail("render",
				(err_set(&err, ERR_INVALID, "usage", NULL, "--batch reads standard input"), &err));
	setvbuf(stdout, NULL, _IOLBF, 0); /* a program at the other end may wait for each answer */
	if (input_each(1, standard_input, batch_one, job, &err))
		return cli_fail("render", &err);
	return job->refused ? CLI_FAILED : CLI_OK;
}

int cmd_render(int argc, char **argv)
{
	const struct usage usage = {
		"threadline render", "[FILE|-]",
		"Renders a Liquid template. With --batch each line of standard input is a JSON object with template,\n"
		"data, partials, mode (lax or strict) and now; each is answered with one line: result, or error,\n"
		"line and column.",
		0, 1};
	const char *data = NULL, *mode = "lax";
	bool batch = false;
	struct job job = {0};
	struct err err = {0};
	const struct option_spec specs[] = {
		{"data", 'd', OPTION_TEXT, "JSON|@FILE", &data, "what the template is rendered with"},
		{"mode", 'm', OPTION_TEXT, "MODE", &mode, "lax (the default) or strict"},
		{"batch", 'b', OPTION_FLAG, NULL, &batch, "read lines of JSON from standard input"},
		OPTION_END,
	};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	if (!batch && argc == 0) {
		fputs("threadline render: which FILE?\n", stderr);
		return CLI_USAGE;
	}
	if (mode_of(mode, &job.syntax.mode, &err)) {
		cli_fail("render", &err);
		return CLI_USAGE;
	}
	buf_init(&job.text, FILE_MAX);
	buf_init(&job.line, (size_t)FILE_MAX * 6);
	job.render = liquid_render_new();
	if (job.render) {
		r = run(&job, batch, argc, argv, data);
	} else {
		err_nomem(&err);
		r = cli_fail("render", &err);
	}
	liquid_render_free(&job.render);
	buf_free(&job.text);
	buf_free(&job.line);
	return r;
}
