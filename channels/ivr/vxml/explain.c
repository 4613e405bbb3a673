#include "ivr/vxml/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "ivr/vxml/vxml.h"

enum { SILENCES = 10, ANSWERS_AFTER_MS = 2000, TALKS_MS = 60000, FILE_MAX = 4 << 20 };

struct showing {
	void (*line)(void *arg, struct str json);
	void *arg;
	const char *file, *keys; /* keys: what is left, NULL when there are none */
	struct buf out, word, body;
	int silences;
	bool failed;
};

struct step {
	const char *step, *target, *value, *error;
	struct str text;
};

static void show(struct showing *x, struct step s)
{
	struct json_out j;

	buf_reset(&x->out);
	json_begin(&j, &x->out);
	json_obj(&j, NULL);
	json_cstr(&j, "step", s.step);
	if (s.text.n)
		json_str(&j, "text", s.text);
	if (s.target && s.target[0])
		json_cstr(&j, "target", s.target);
	if (s.value && s.value[0])
		json_cstr(&j, "value", s.value);
	if (s.error)
		json_cstr(&j, "error", s.error);
	json_end(&j);
	x->failed |= s.error != NULL || x->out.failed;
	x->line(x->arg, x->out.failed ? STR("{\"step\":\"error\",\"error\":\"too_long\"}") : buf_str(&x->out));
}

static void trace(void *arg, enum vxml_trace what, const char *target, const char *text, const char *value)
{
	static const char *const steps[] = {
		[VXML_T_GOTO] = "goto",	      [VXML_T_SUBMIT] = "submit", [VXML_T_NOINPUT] = "noinput",
		[VXML_T_NOMATCH] = "nomatch", [VXML_T_LOG] = "log",	  [VXML_T_EVENT] = "goto",
		[VXML_T_ERROR] = "error",     [VXML_T_FATAL] = "error",	  [VXML_T_MATCH] = NULL};
	struct showing *x = arg;

	if (!steps[what])
		return;
	if (strncmp(target, "$.", 2) == 0)
		target = "";
	show(x, (struct step){.step = steps[what],
			      .target = target,
			      .text = str_of(text),
			      .value = value,
			      .error = what == VXML_T_FATAL ? text : NULL});
}

/* ---- what the door would do */

static void show_prompts(struct showing *x, const struct vxml_action *a)
{
	char ms[24];

	for (size_t i = 0; i < a->prompt_count; i++) {
		const struct vxml_prompt *p = &a->prompts[i];

		if (p->type == VXML_AUDIO) {
			buf_reset(&x->body);
			for (size_t k = i + 1; k <= i + p->skip && k < a->prompt_count; k++) {
				buf_adds(&x->body, x->body.n ? " " : "");
				buf_addstr(&x->body, a->prompts[k].type == VXML_AUDIO ? STR("") : a->prompts[k].text);
			}
			show(x, (struct step){.step = "prompt", .target = p->text.p, .text = buf_str(&x->body)});
			i += p->skip;
		} else if (p->type == VXML_BREAK) {
			snprintf(ms, sizeof ms, "%d ms", p->ms);
			show(x, (struct step){.step = "prompt", .value = ms});
		} else {
			show(x, (struct step){.step = "prompt", .text = p->text, .value = p->as});
		}
	}
}

/* The next of the keys; false: there are none. */
static bool next_keys(struct showing *x)
{
	size_t n;

	buf_reset(&x->word);
	if (!x->keys)
		return false;
	n = strcspn(x->keys, ",");
	struct str t = str_trim(str_n(x->keys, n));
	buf_addstr(&x->word, t);
	x->keys = x->keys[n] ? x->keys + n + 1 : NULL;
	return true;
}

static struct vxml_event plain(enum vxml_event_type type) { return (struct vxml_event){.type = type}; }

static struct vxml_event answer(struct showing *x, const struct vxml_action *a)
{
	bool given;
	const char *word;

	if (a->more) /* the comma is a pause */
		return plain(VXML_EV_TIMEOUT);
	given = next_keys(x);
	word = buf_cstr(&x->word);
	show(x, (struct step){.step = "input", .target = a->name, .value = word});
	x->silences = given ? 0 : x->silences + 1;
	if (strcmp(word, "hangup") == 0 || x->silences > SILENCES)
		return plain(VXML_EV_HANGUP);
	if (strncmp(word, "say:", 4) == 0)
		return (struct vxml_event){.type = VXML_EV_TEXT, .text = str_of(word + 4)};
	if (!word[0] || strcmp(word, "noinput") == 0)
		return plain(VXML_EV_TIMEOUT);
	return (struct vxml_event){.type = VXML_EV_DIGITS, .text = str_of(word)};
}

static struct vxml_event record(struct showing *x, const struct vxml_action *a)
{
	struct vxml_event ev = {.type = VXML_EV_RECORDED, .text = STR("recording.wav"), .ms = 3000, .size = 48044};
	const char *word;

	next_keys(x);
	word = buf_cstr(&x->word);
	show(x, (struct step){.step = "record", .target = a->name, .value = word});
	if (strcmp(word, "noinput") == 0)
		return plain(VXML_EV_TIMEOUT);
	ev.gone = strcmp(word, "hangup") == 0;
	ev.digit = a->dtmfterm && strlen(word) == 1 ? word[0] : '\0';
	return ev;
}

static struct vxml_event transfer(struct showing *x, const struct vxml_action *a)
{
	struct vxml_event ev = {.type = VXML_EV_TRANSFERRED, .ms = TALKS_MS};
	bool blind = strcmp(a->transfer, "bridge") != 0;
	const char *word;

	next_keys(x);
	word = buf_cstr(&x->word);
	show(x, (struct step){.step = "transfer", .target = a->target, .text = str_of(a->transfer), .value = word});
	if (strcmp(word, "hangup") == 0)
		return plain(VXML_EV_HANGUP);
	if (word[0] && strspn(word, "0123456789*#ABCD") == strlen(word))
		return (struct vxml_event){.type = VXML_EV_DIGITS, .text = str_of(word)};
	if (strncmp(word, "say:", 4) == 0)
		return (struct vxml_event){.type = VXML_EV_TEXT, .text = str_of(word + 4)};
	if (word[0] && strcmp(word, "noinput") != 0) {
		ev.text = str_of(word);
		ev.ms = 0;
	} else if (a->connect_ms < ANSWERS_AFTER_MS) {
		ev.text = STR("noanswer");
		ev.ms = 0;
	} else if (!blind && a->max_ms && a->max_ms < TALKS_MS) {
		ev.text = STR("maxtime_disconnect");
		ev.ms = a->max_ms;
	} else if (!blind) {
		ev.text = STR("far_end_disconnect");
	}
	return ev;
}

static bool read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rbe");
	char part[8192];
	size_t n;

	buf_reset(out);
	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(out, part, n);
	n = (size_t)ferror(f);
	fclose(f);
	return n == 0 && !out->failed;
}

/* Where on disk an address is: its path, or for a server's its last part beside the menu. */
static char *place(const struct showing *x, const char *url)
{
	size_t n = strcspn(url, "?#");
	const char *end = url + n, *last = end, *slash = strrchr(x->file, '/');
	char *out = NULL;

	if (strncmp(url, "file:", 5) == 0)
		url += strncmp(url, "file://", 7) == 0 ? 7 : 5;
	else if (strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0) {
		while (last > url && last[-1] != '/')
			last--;
		if (asprintf(&out, "%.*s%.*s", slash ? (int)(slash + 1 - x->file) : 0, x->file, (int)(end - last),
			     last) < 0)
			return NULL;
		return out;
	}
	return strndup(url, (size_t)(end - url));
}

static struct vxml_event fetch(struct showing *x, const struct vxml_action *a)
{
	static const char done[] = "<vxml version=\"2.1\"><form><block><exit/></block></form></vxml>";
	char *path = place(x, a->target);
	bool ours = strncmp(a->target, "threadline:", 11) == 0, ok = ours || (path && read_file(path, &x->body));

	if (ours) { /* what the gateway does for a call; here it is only shown */
		show(x, (struct step){.step = "submit", .target = a->target, .value = a->body.p});
		buf_reset(&x->body);
		buf_adds(&x->body, done);
	}

	free(path);
	return (struct vxml_event){.type = VXML_EV_FETCHED, .status = ok ? 200 : 0, .text = buf_str(&x->body)};
}

static void run(struct showing *x, struct vxml_session *s)
{
	struct vxml_event ev = {.type = VXML_EV_START};
	const struct vxml_action *a;

	for (;;) {
		a = vxml_step(s, &ev);
		show_prompts(x, a);
		switch (a->what) {
		case VXML_INPUT: ev = answer(x, a); break;
		case VXML_RECORD: ev = record(x, a); break;
		case VXML_TRANSFER: ev = transfer(x, a); break;
		case VXML_FETCH: ev = fetch(x, a); break;
		case VXML_EXIT: show(x, (struct step){.step = "exit", .value = a->value}); return;
		default: ev = plain(VXML_EV_DONE);
		}
	}
}

int vxml_explain(const char *file, const char *keys, struct str vars, void (*line)(void *arg, struct str json),
		 void *arg)
{
	struct showing x = {.line = line, .arg = arg, .file = file, .keys = keys && keys[0] ? keys : NULL};
	const struct vxml_callbacks cb = {trace, &x};
	struct vxml_session *s = NULL;
	struct vxml_doc *d = NULL;
	struct err e = {0};

	buf_init(&x.out, 4 << 20);
	buf_init(&x.word, 1 << 16);
	buf_init(&x.body, FILE_MAX);
	if (!read_file(file, &x.body))
		err_set(&e, ERR_NOT_FOUND, "file", NULL, "%.150s:0: cannot be read", file);
	else if ((d = vxml_doc_load(buf_str(&x.body), file, NULL, &e)) &&
		 (s = vxml_session_new(d, vars, NULL, &cb, &e)))
		run(&x, s);
	if (e.kind != ERR_NONE)
		show(&x, (struct step){.step = "error", .error = e.msg});
	vxml_session_free(&s);
	vxml_doc_free(&d);
	buf_free(&x.out);
	buf_free(&x.word);
	buf_free(&x.body);
	return x.failed ? -1 : 0;
}
