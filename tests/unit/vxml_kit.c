#include "unit/vxml_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ivr/vxml/vxml.h"

struct kit {
	struct buf out;
	const char *answers;
	char word[64];
	int silences;
};

static void note(struct kit *k, const char *what, const char *a, const char *b)
{
	if (k->out.n)
		buf_adds(&k->out, "; ");
	buf_adds(&k->out, what);
	if (a && a[0]) {
		buf_addc(&k->out, ' ');
		buf_adds(&k->out, a);
	}
	if (b && b[0]) {
		buf_addc(&k->out, ' ');
		buf_adds(&k->out, b);
	}
}

static void trace(void *arg, enum vxml_trace what, const char *target, const char *text, const char *value)
{
	static const char letters[] = {[VXML_T_GOTO] = 'G',  [VXML_T_SUBMIT] = 'S',  [VXML_T_NOINPUT] = 'N',
				       [VXML_T_LOG] = 'L',   [VXML_T_NOMATCH] = 'M', [VXML_T_EVENT] = 'V',
				       [VXML_T_ERROR] = 'E', [VXML_T_FATAL] = 'X',   [VXML_T_MATCH] = 0};
	char letter[2] = {letters[what], '\0'};

	if (!letter[0])
		return;
	if (what == VXML_T_NOINPUT || what == VXML_T_NOMATCH)
		note(arg, letter, text, value);
	else if (what == VXML_T_LOG)
		note(arg, letter, text, NULL);
	else
		note(arg, letter, target, what == VXML_T_SUBMIT ? value : what == VXML_T_FATAL ? text : NULL);
}

static const char *next(struct kit *k)
{
	const char *from = k->answers + strspn(k->answers, " ");
	size_t n = strcspn(from, " ");

	if (n == 0)
		return NULL;
	snprintf(k->word, sizeof k->word, "%.*s", (int)n, from);
	k->answers = from + n;
	return k->word;
}

static struct vxml_event answer(struct kit *k, const struct vxml_action *a)
{
	const char *w = a->more ? "-" : next(k);
	struct vxml_event ev = {.type = VXML_EV_TIMEOUT};

	if (!w && ++k->silences > 5)
		w = "!";
	if (!w || strcmp(w, "-") == 0)
		return ev;
	if (w[0] == '!') {
		ev.type = VXML_EV_HANGUP;
	} else if (w[0] == '\'') {
		for (char *p = k->word; *p; p++)
			*p = *p == '_' ? ' ' : *p;
		ev.type = VXML_EV_TEXT;
		ev.text = str_n(w + 1, strlen(w) - 2);
	} else if (w[0] == '=') {
		ev.type = VXML_EV_TRANSFERRED;
		ev.text = str_of(w + 1);
		ev.ms = 1500;
	} else if (w[0] == '~') {
		ev = (struct vxml_event){.type = VXML_EV_RECORDED, .text = STR("file:r.wav"), .ms = 2000, .size = 9};
	} else {
		ev.type = VXML_EV_DIGITS;
		ev.text = str_of(w);
	}
	return ev;
}

static struct vxml_event fetch(const struct menu_file *files, const struct vxml_action *a)
{
	struct vxml_event ev = {.type = VXML_EV_FETCHED, .status = 404};
	size_t n = strcspn(a->target, "?");

	for (const struct menu_file *f = files; f && f->name; f++)
		if (str_eq(str_of(f->name), str_n(a->target, n))) {
			ev.status = 200;
			ev.text = str_of(f->text);
		}
	return ev;
}

static void prompts(struct kit *k, const struct vxml_action *a)
{
	char text[300];

	for (size_t i = 0; i < a->prompt_count; i++) {
		const struct vxml_prompt *p = &a->prompts[i];
		const char *what = p->type == VXML_AUDIO ? "A" : p->type == VXML_BREAK ? "B" : p->as[0] ? p->as : "P";

		snprintf(text, sizeof text, "%.*s", (int)p->text.n, p->text.p);
		if (p->type == VXML_BREAK)
			snprintf(text, sizeof text, "%d", p->ms);
		note(k, what, text, p->bargein ? "" : "!");
	}
}

static void drive(struct kit *k, struct vxml_session *s, const struct menu_file *files)
{
	struct vxml_event ev = {.type = VXML_EV_START};

	for (int turns = 0; turns < 2000; turns++) {
		const struct vxml_action *a = vxml_step(s, &ev);
		char body[200];

		prompts(k, a);
		ev = (struct vxml_event){.type = VXML_EV_DONE};
		switch (a->what) {
		case VXML_INPUT:
			if (!a->more)
				note(k, "I", a->name, NULL);
			ev = answer(k, a);
			break;
		case VXML_RECORD: note(k, "R", a->name, NULL), ev = answer(k, a); break;
		case VXML_TRANSFER: note(k, "T", a->target, a->transfer), ev = answer(k, a); break;
		case VXML_FETCH:
			snprintf(body, sizeof body, "%.*s", (int)a->body.n, a->body.p);
			note(k, "F", a->target, body);
			ev = fetch(files, a);
			break;
		case VXML_DISCONNECT: note(k, "D", NULL, NULL); break;
		case VXML_EXIT: note(k, ".", a->value, NULL); return;
		default: break;
		}
	}
	note(k, "endless", NULL, NULL);
}

char *menu_run(const struct menu_file *files, const char *answers)
{
	const struct vxml_limits limits = {.steps = 20000, .events = 8, .ticks = 20000, .memory = 4 << 20};
	struct kit k = {.answers = answers};
	const struct vxml_callbacks cb = {trace, &k};
	struct vxml_session *s = NULL;
	struct err e = {0};
	struct vxml_doc *d = vxml_doc_load(str_of(files[0].text), files[0].name, &limits, &e);

	buf_init(&k.out, 1 << 20);
	if (d)
		s = vxml_session_new(d, STR("{\"caller\":\"Ada\",\"deep\":{\"er\":[1,2]}}"), &limits, &cb, &e);
	if (s)
		drive(&k, s, files);
	else
		note(&k, "refused", e.msg, NULL);
	vxml_session_free(&s);
	vxml_doc_free(&d);
	char *out = buf_take(&k.out);
	buf_free(&k.out);
	return out ? out : strdup("");
}

#define HEAD "<vxml version='2.1' xmlns='http://www.w3.org/2001/vxml'>"

char *menu_one(const char *text, const char *answers)
{
	char *doc = NULL, *out;

	if (asprintf(&doc, HEAD "%s</vxml>", text) < 0)
		return strdup("");
	struct menu_file files[] = {{"m.vxml", doc}, {NULL, NULL}};
	out = menu_run(files, answers);
	free(doc);
	return out;
}

char *menu_field(const char *inner, const char *answers)
{
	char *form = NULL, *out;

	if (asprintf(&form,
		     "<form><field name='f'>%s<filled><log><value expr='typeof f'/> <value expr='f'/></log></filled>"
		     "</field></form>",
		     inner) < 0)
		return strdup("");
	out = menu_one(form, answers);
	free(form);
	return out;
}
