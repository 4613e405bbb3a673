/*
 * threadline import: a file, piece by piece, through a running gateway. The gateway knows how far it has come, and every
 * piece begins where it says; so a lost answer, a restart of either side or a kill -9 costs nothing but the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/client.h"

enum { PIECE = 512 << 10, TRIES = 30, LINE = 65536 };

struct importing {
	struct client_options client;
	const char *format, *columns, *delimiter, *region, *name, *resume, *rejects, *kind;
	bool verified, quiet;
	struct client *c;
	const char *path;
	int fd;
	int64_t size;
	char id[UUID_TEXT];
	json_t *state; /* the import as the gateway showed it last */
	int64_t began, position_then, shown;
};

static int64_t number(const struct importing *m, const char *name)
{
	return json_integer_value(json_object_get(m->state, name));
}

static int64_t rows(const struct importing *m)
{
	return number(m, "created") + number(m, "updated") + number(m, "unchanged") + number(m, "events") +
	       number(m, "rejected");
}

/* ---- asking */

/* *again: it may pass (busy, stopping, not there). */
static int ask(struct importing *m, const char *path, const char *type, struct str body, bool *again, struct err *err)
{
	struct buf answer;
	json_t *o = NULL;
	long status = 0;
	int r;

	buf_init(&answer, 1 << 20);
	r = client_send(m->c, path, type, body, &status, &answer, err);
	*again = r != 0 || status == 429 || status == 503;
	if (r == 0 && status >= 300)
		r = client_problem(status, buf_str(&answer), err);
	if (r == 0)
		r = json_read(buf_str(&answer), 8, &o, err);
	if (r == 0) {
		json_decref(m->state);
		m->state = o;
	}
	buf_free(&answer);
	return r;
}

/* Until it is answered, or does not pass. */
static int insist(struct importing *m, const char *path, const char *type, struct str body, struct err *err)
{
	bool again;

	for (int k = 0;; k++) {
		if (ask(m, path, type, body, &again, err) == 0)
			return 0;
		if (!again || k == TRIES)
			return -1;
		if (!m->quiet)
			fprintf(stderr, "threadline import: %s; trying again\n", err->msg);
		sleep(k < 5 ? 1 : 5);
	}
}

/* ---- beginning */

/* "Header=column,Other=column" */
static int write_columns(struct json_out *j, const char *text, struct err *err)
{
	json_t *map = json_object();
	const char *end;
	int r = map ? 0 : err_nomem(err);

	for (const char *p = text; r == 0 && *p; p = *end ? end + 1 : end) {
		const char *eq = strchr(p, '=');
		char header[200];
		end = strchr(p, ',') ? strchr(p, ',') : p + strlen(p);
		if (!eq || eq > end || (size_t)(eq - p) >= sizeof header) {
			r = err_set(err, ERR_INVALID, "columns_invalid", NULL,
				    "--columns is written HEADER=COLUMN,HEADER=COLUMN");
			break;
		}
		snprintf(header, sizeof header, "%.*s", (int)(eq - p), p);
		if (json_object_set_new(map, header, json_stringn(eq + 1, (size_t)(end - eq) - 1)))
			r = err_nomem(err);
	}
	if (r == 0)
		json_value(j, "columns", map);
	json_decref(map);
	return r;
}

static const char *format_of(const struct importing *m)
{
	size_t n = strlen(m->path);

	if (m->format)
		return m->format;
	return (n > 7 && strcmp(m->path + n - 7, ".ndjson") == 0) || (n > 6 && strcmp(m->path + n - 6, ".jsonl") == 0)
		       ? "ndjson"
		       : "csv";
}

static int create(struct importing *m, struct err *err)
{
	struct json_out j;
	struct buf body;
	bool again;
	int r = 0;

	buf_init(&body, 1 << 20);
	json_begin(&j, &body);
	json_obj(&j, NULL);
	json_cstr(&j, "name", m->name ? m->name : m->path);
	json_cstr(&j, "format", format_of(m));
	if (m->kind)
		json_cstr(&j, "kind", m->kind);
	json_int(&j, "size", m->size);
	json_bool(&j, "verified", m->verified);
	if (m->delimiter)
		json_cstr(&j, "delimiter", strcmp(m->delimiter, "\\t") == 0 ? "\t" : m->delimiter);
	if (m->region)
		json_cstr(&j, "region", m->region);
	if (m->columns)
		r = write_columns(&j, m->columns, err);
	json_end(&j);
	if (r == 0)
		r = body.failed ? err_nomem(err)
				: ask(m, "/v1/imports", "application/json", buf_str(&body), &again, err);
	buf_free(&body);
	return r;
}

static int begin(struct importing *m, struct err *err)
{
	char path[80];

	if (m->resume) {
		snprintf(path, sizeof path, "/v1/imports/%.36s", m->resume);
		if (insist(m, path, NULL, STR(""), err))
			return -1;
		if (json_is_integer(json_object_get(m->state, "size")) && number(m, "size") != m->size)
			return err_set(err, ERR_CONFLICT, "another_file", NULL,
				       "the import was begun with a file of another size");
	} else if (create(m, err)) {
		return -1;
	}
	snprintf(m->id, sizeof m->id, "%s", json_string_value(json_object_get(m->state, "id")));
	if (!m->quiet)
		fprintf(stderr, "import %s\n", m->id);
	return 0;
}

/* ---- going on */

static void progress(struct importing *m, bool end)
{
	int64_t now = clock_mono(), position = number(m, "position");
	double seconds = (double)(now - m->began) / (double)US_SEC;

	if (m->quiet || (!end && now - m->shown < US_SEC))
		return;
	m->shown = now;
	fprintf(stderr, "%3d %%  %" PRId64 " rows (%" PRId64 " rejected), %.1f MB/s%s\n",
		m->size ? (int)(position * 100 / m->size) : 100, rows(m), number(m, "rejected"),
		seconds > 0 ? (double)(position - m->position_then) / 1e6 / seconds : 0.0, end ? ", done" : "");
}

static int read_piece(struct importing *m, int64_t from, char *room, size_t *n, struct err *err)
{
	*n = 0;
	while (*n < PIECE) {
		ssize_t k = pread(m->fd, room + *n, PIECE - *n, from + (int64_t)*n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_set(err, ERR_INTERNAL, "file_unreadable", NULL, "%s: %s", m->path, strerror(errno));
		if (k == 0)
			break;
		*n += (size_t)k;
	}
	return 0;
}

static int send_all(struct importing *m, char *room, struct err *err)
{
	m->began = clock_mono();
	m->position_then = number(m, "position");
	while (strcmp(json_string_value(json_object_get(m->state, "state")), "open") == 0) {
		int64_t from = number(m, "position");
		char path[160];
		size_t n;
		if (read_piece(m, from, room, &n, err))
			return -1;
		snprintf(path, sizeof path, "/v1/imports/%s/data?offset=%" PRId64 "%s", m->id, from,
			 from + (int64_t)n >= m->size ? "&last=true" : "");
		if (insist(m, path, "application/octet-stream", str_n(room, n), err))
			return -1;
		if (number(m, "position") == from && n && from + (int64_t)n < m->size)
			return err_set(err, ERR_INTERNAL, "stuck", NULL, "the import does not go on at %" PRId64, from);
		progress(m, false);
	}
	progress(m, true);
	return 0;
}

static int save_rejects(struct importing *m, struct err *err)
{
	struct buf answer;
	char path[100];
	long status = 0;
	FILE *f;
	int r;

	buf_init(&answer, 64 << 20);
	snprintf(path, sizeof path, "/v1/imports/%s/rejects", m->id);
	r = client_request(m->c, path, STR(""), NULL, &status, &answer, err);
	if (r == 0 && status >= 300)
		r = client_problem(status, buf_str(&answer), err);
	if (r == 0) {
		f = fopen(m->rejects, "w");
		if (!f || (answer.n && fwrite(answer.p, answer.n, 1, f) != 1))
			r = err_set(err, ERR_INTERNAL, "file_unwritable", NULL, "%s: %s", m->rejects, strerror(errno));
		if (f && fclose(f) && r == 0)
			r = err_set(err, ERR_INTERNAL, "file_unwritable", NULL, "%s: %s", m->rejects, strerror(errno));
	}
	buf_free(&answer);
	return r;
}

static int run(struct importing *m, struct err *err)
{
	char *room = malloc(PIECE), *text;
	struct stat st;
	int r = room ? 0 : err_nomem(err);

	m->fd = open(m->path, O_RDONLY | O_CLOEXEC);
	if (r == 0 && (m->fd < 0 || fstat(m->fd, &st) || !S_ISREG(st.st_mode)))
		r = err_set(err, ERR_INVALID, "file_unreadable", NULL, "%s: %s", m->path,
			    m->fd < 0 ? strerror(errno) : "not a file");
	if (r == 0) {
		m->size = st.st_size;
		r = client_open(&m->client, &m->c, err);
	}
	if (r == 0)
		r = begin(m, err) || send_all(m, room, err) || (m->rejects && save_rejects(m, err));
	if (r == 0 && (text = json_dumps(m->state, JSON_COMPACT))) {
		puts(text);
		free(text);
	}
	if (r && m->id[0])
		fprintf(stderr, "threadline import: go on with --resume %s\n", m->id);
	if (m->fd >= 0)
		close(m->fd);
	free(room);
	json_decref(m->state);
	if (m->c)
		client_close(&m->c);
	return r;
}

int cmd_import(int argc, char **argv)
{
	struct importing m = {.fd = -1};
	static const struct usage usage = {
		"threadline import", "FILE",
		"Brings customers, or what happened with them, from a CSV or NDJSON file into a running gateway.\n"
		"CSV has a header; its columns are external_id, name, locale, time_zone, tier, stage, phone, email,\n"
		"attributes.KEY[:number|boolean|time], consent.CHANNEL.PURPOSE, and for what happened: event, at, "
		"event_id,\n"
		"text, data.KEY[:TYPE]. NDJSON has members of these names. Prints the import at the end.",
		1, 1};
	const struct option_spec specs[] = {
		CLIENT_OPTIONS(m.client),
		{"format", 'f', OPTION_TEXT, "FORMAT", &m.format, "csv or ndjson; by default as the file is called"},
		{"kind", 'k', OPTION_TEXT, "KIND", &m.kind,
		 "customers (default), or suppressions: addresses that get nothing, with phone, email,\n"
		 "reason, source, purpose"},
		{"columns", 0, OPTION_TEXT, "MAP", &m.columns,
		 "what headers stand for: Handy=phone,Tarif=attributes.plan,Rest=-"},
		{"delimiter", 'd', OPTION_TEXT, "SIGN", &m.delimiter, "between fields; by default found out"},
		{"region", 0, OPTION_TEXT, "CC", &m.region, "home of numbers in national form (DE)"},
		{"verified", 0, OPTION_FLAG, NULL, &m.verified, "the addresses are proven to be the customers'"},
		{"name", 'n', OPTION_TEXT, "NAME", &m.name, "what to call the import; by default the file"},
		{"rejects", 0, OPTION_TEXT, "FILE", &m.rejects, "write what was not taken here, as NDJSON"},
		{"resume", 0, OPTION_TEXT, "ID", &m.resume, "go on with an import that was broken off"},
		{"quiet", 'q', OPTION_FLAG, NULL, &m.quiet, "no progress"},
		OPTION_END,
	};
	struct err e = {0};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	m.path = argv[0];
	return run(&m, &e) ? cli_fail("import", &e) : CLI_OK;
}
