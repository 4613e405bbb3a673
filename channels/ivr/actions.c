#include "ivr/actions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "ivr/form.h"

enum { FIELD_MAX = 4096 };

struct action {
	struct story *story;
	struct str query, body;
	struct buf field;
	action_done *done;
	void *arg;
};

struct pending { /* an answer of the host that the menu waits for */
	struct story *story;
	action_done *done;
	void *arg;
};

bool action_is(const char *target) { return strncasecmp(target, "threadline:", 11) == 0; }

static struct str query_of(const char *target)
{
	const char *q = strchr(target, '?');

	return q ? str_n(q + 1, strcspn(q + 1, "#")) : STR("");
}

/* The field's text until the next one is asked for; "" if there is none. */
static struct str field(struct action *x, const char *name)
{
	if (!form_get(x->body, name, &x->field))
		form_get(x->query, name, &x->field);
	return x->field.failed ? STR("") : str_trim(buf_str(&x->field));
}

/* ---- what waits for the host */

static struct pending *wait_for(struct action *x)
{
	struct pending *p = malloc(sizeof *p);

	if (!p)
		return NULL;
	*p = (struct pending){x->story, x->done, x->arg};
	story_hold(x->story);
	return p;
}

static void on_sent(void *arg, const char *error)
{
	struct pending *p = arg;

	if (error)
		log_info("ivr.send_failed", "account", p->story->a->host->name, "code", error, LOG_END);
	story_step(p->story, "sent", NULL, error ? error : "in the outbox");
	p->done(p->arg, error ? 422 : 200);
	story_put(p->story);
	free(p);
}

static int send_to(struct action *x, enum channel channel)
{
	const struct channel_host *h = x->story->a->host;
	struct errand e = {.channel = channel, .to = x->story->who};
	char subject[256];
	struct pending *p;
	struct str s = field(x, "subject");

	snprintf(subject, sizeof subject, "%.*s", (int)(s.n < 250 ? s.n : 250), s.p);
	e.subject = str_of(subject);
	e.text = field(x, "text");
	if (!e.text.n || !x->story->known)
		return 422;
	p = wait_for(x);
	if (!p)
		return 503;
	story_step(x->story, channel == CHANNEL_SMS ? "sms" : "email", NULL, "");
	h->send(h->self, &e, on_sent, p);
	return 0;
}

static int do_sms(struct action *x) { return send_to(x, CHANNEL_SMS); }
static int do_email(struct action *x) { return send_to(x, CHANNEL_EMAIL); }

/* As if the customer had written it: an answer to an offer, a keyword, a text for an agent. */
static void on_answered(void *arg, const struct intake_result *r)
{
	struct pending *p = arg;

	p->done(p->arg, r->answer == INTAKE_ACCEPTED || r->answer == INTAKE_DUPLICATE ? 200 : 503);
	story_put(p->story);
	free(p);
}

static int do_answer(struct action *x)
{
	const struct channel_host *h = x->story->a->host;
	struct inbound in = {.channel = CHANNEL_IVR,
			     .account = str_of(h->name),
			     .from = x->story->who,
			     .to = x->story->to,
			     .text = field(x, "text")};
	struct pending *p;

	if (!in.text.n || !x->story->known)
		return 422;
	p = wait_for(x);
	if (!p)
		return 503;
	story_step(x->story, "answer", NULL, buf_cstr(&x->field));
	h->received(h->self, &in, on_answered, p);
	return 0;
}

/* ---- what is noted */

static int wish(struct action *x, const char *what)
{
	char queue[64];
	struct str q = field(x, "queue"), text;

	snprintf(queue, sizeof queue, "%.*s", (int)(q.n < 60 ? q.n : 60), q.p);
	text = field(x, "text");
	story_wish(x->story, what, str_of(queue[0] ? queue : x->story->a->set->queue), text);
	return 200;
}

static int do_callback(struct action *x) { return wish(x, "callback"); }
static int do_agent(struct action *x) { return wish(x, "agent"); }

static int do_consent(struct action *x)
{
	struct str state = field(x, "state"), name;
	bool in = str_is(state, "in");
	unsigned purposes = 0;
	enum purpose p;

	if (state.n && !in && !str_is(state, "out"))
		return 422;
	name = field(x, "purpose");
	if (!name.n || str_is(name, "all"))
		purposes = 1U << PURPOSE_SERVICE | 1U << PURPOSE_MARKETING | 1U << PURPOSE_SURVEY;
	else if (purpose_parse(name, &p))
		purposes = 1U << p;
	if (!purposes || !x->story->known)
		return 422;
	story_step(x->story, "consent", in ? "in" : "out", name.n ? buf_cstr(&x->field) : "all");
	story_consent(x->story, purposes, in ? CONSENT_IN : CONSENT_OUT);
	return 200;
}

static int do_score(struct action *x)
{
	int64_t n;

	if (!str_i64(field(x, "score"), &n) || n < 1 || n > 5)
		return 422;
	x->story->score = (int)n;
	story_step(x->story, "satisfaction", NULL, buf_cstr(&x->field));
	return 200;
}

static int do_note(struct action *x)
{
	if (!field(x, "text").n)
		return 422;
	story_step(x->story, "note", NULL, buf_cstr(&x->field));
	return 200;
}

static const struct {
	const char *name;
	int (*run)(struct action *x); /* a status, or 0: done follows */
} table[] = {
	{"sms", do_sms},     {"email", do_email},     {"answer", do_answer}, {"callback", do_callback},
	{"agent", do_agent}, {"consent", do_consent}, {"score", do_score},   {"note", do_note},
};

int action_run(struct story *s, const char *target, struct str body, int *status, action_done *done, void *arg)
{
	struct action x = {.story = s, .query = query_of(target), .body = body, .done = done, .arg = arg};
	const char *name = target + strlen("threadline:");
	size_t n = strcspn(name, "?#");

	*status = 404;
	buf_init(&x.field, FIELD_MAX);
	for (size_t k = 0; k < sizeof table / sizeof *table; k++)
		if (str_is(str_n(name, n), table[k].name)) {
			s->input = true;
			*status = table[k].run(&x);
		}
	buf_free(&x.field);
	return *status == 0;
}

void action_document(const char *target, struct str body, const char *before, struct buf *out)
{
	struct buf next;

	buf_init(&next, FIELD_MAX);
	if (!form_get(body, "next", &next))
		form_get(query_of(target), "next", &next);
	buf_adds(out,
		 "<?xml version=\"1.0\"?>\n<vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\"><form><block>");
	if (next.n && !next.failed) {
		buf_addf(out, "<goto next=\"%s", next.p && strchr("/#", next.p[0]) ? "" : before);
		for (size_t i = 0; i < next.n; i++)
			if (strchr("&<>\"'", next.p[i]) || (unsigned char)next.p[i] < ' ')
				buf_addf(out, "&#%d;", (unsigned char)next.p[i] < ' ' ? ' ' : next.p[i]);
			else
				buf_addc(out, next.p[i]);
		buf_adds(out, "\"/>");
	} else {
		buf_adds(out, "<exit/>");
	}
	buf_adds(out, "</block></form></vxml>\n");
	buf_free(&next);
}
