/* Any bytes as a menu, with a caller who does anything: it is refused, or it ends, and within its limits. */
#include <stdint.h>
#include <stdlib.h>

#include "ivr/vxml/vxml.h"

enum { TURNS = 300 };

/* What the caller does at turn i, from the first bytes. */
static struct vxml_event caller(const struct vxml_action *a, uint8_t byte)
{
	static const char keys[] = "0123456789*#ABCD";
	static const char *const results[] = {"busy", "", "far_end_disconnect", "error.connection.noroute"};
	struct vxml_event ev = {.type = VXML_EV_DONE};

	switch (byte % 8) {
	case 0: ev.type = VXML_EV_HANGUP; break;
	case 1: ev.type = VXML_EV_TIMEOUT; break;
	case 2:
		ev.type = VXML_EV_TEXT;
		ev.text = STR("yes a b");
		break;
	default: ev.type = VXML_EV_DIGITS; ev.text = str_n(keys + byte / 16, 1);
	}
	if (a->what == VXML_RECORD && byte % 2)
		ev = (struct vxml_event){.type = VXML_EV_RECORDED, .text = STR("r\"w"), .gone = byte & 4};
	if (a->what == VXML_TRANSFER && byte % 2)
		ev = (struct vxml_event){.type = VXML_EV_TRANSFERRED, .text = str_of(results[byte / 2 % 4])};
	return ev;
}

static void run(struct vxml_session *s, struct str doc, const uint8_t *script, size_t n)
{
	struct vxml_event ev = {.type = VXML_EV_START};
	size_t total = 0;

	for (size_t i = 0; i < TURNS; i++) {
		const struct vxml_action *a = vxml_step(s, &ev);

		for (size_t k = 0; k < a->prompt_count; k++) {
			total += a->prompts[k].text.n + strlen(a->prompts[k].as) + strlen(a->prompts[k].lang);
			if (k + a->prompts[k].skip >= a->prompt_count)
				abort();
		}
		total += strlen(a->target) + strlen(a->name) + strlen(a->value) + a->body.n;
		if (a->what == VXML_EXIT)
			return;
		ev = (struct vxml_event){.type = VXML_EV_DONE};
		if (a->what == VXML_FETCH) /* whatever is asked for: the menu again, or nothing */
			ev = (struct vxml_event){.type = VXML_EV_FETCHED, .status = i % 3 ? 200 : 404, .text = doc};
		else if (a->what != VXML_PLAY && a->what != VXML_DISCONNECT)
			ev = caller(a, n ? script[i % n] : 1);
	}
	if (total == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vxml_limits limits = {.document = 1 << 16,
					   .memory = 1 << 20,
					   .state = 1 << 20,
					   .steps = 2000,
					   .ticks = 2000,
					   .depth = 4,
					   .documents = 20,
					   .events = 20};
	size_t script = size ? data[0] % 16 : 0;
	struct vxml_session *s;
	struct vxml_doc *d;
	struct err e = {0};
	struct str doc;

	if (size < 1 + script)
		return 0;
	doc = str_n((const char *)data + 1 + script, size - 1 - script);
	d = vxml_doc_load(doc, "m.vxml", &limits, &e);
	if (!d && e.kind == ERR_NONE)
		abort();
	if (d && (s = vxml_session_new(d, STR("{\"a\":{\"b\":1}}"), &limits, NULL, &e))) {
		run(s, doc, data + 1, script);
		vxml_session_free(&s);
	}
	vxml_doc_free(&d);
	return 0;
}
