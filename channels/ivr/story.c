#include "ivr/story.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

enum { TEXT_MAX = 16 << 10, STEPS_BYTES = 48 << 10, TRIES_MAX = 8 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct story *story_new(struct account *a, struct str id)
{
	struct story *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->a = a;
	snprintf(s->id, sizeof s->id, "%.*s", (int)(id.n < sizeof s->id ? id.n : sizeof s->id - 1), id.p ? id.p : "");
	s->at = clock_now();
	s->began = loop_now(a->host->loop);
	s->to = a->self;
	buf_init(&s->steps, STEPS_BYTES);
	buf_init(&s->text, TEXT_MAX);
	a->stories_n++;
	return s;
}

static void story_free(struct story *s)
{
	struct account *a = s->a;

	loop_timer_stop(a->host->loop, &s->again);
	loop_timer_stop(a->host->loop, &s->news);
	buf_free(&s->steps);
	buf_free(&s->text);
	free((char *)s->name.p);
	free(s);
	a->stories_n--;
	ivr_rested(a);
}

/* ---- steps ---- */

static void step_text(struct buf *b, const char *step, const char *name, const char *value)
{
	if (strcmp(step, "goto") == 0)
		return;
	buf_adds(b, b->n ? "\n" : "");
	buf_adds(b, step);
	if (name && name[0])
		buf_addf(b, " %s", name);
	if (value && value[0])
		buf_addf(b, ": %s", value);
}

static void on_news(struct timer *t);

void story_step(struct story *s, const char *step, const char *name, const char *value)
{
	size_t before = s->steps.n;
	struct json_out j;

	if (s->steps_n == STORY_STEPS || s->steps.failed)
		return;
	if (s->steps_n)
		buf_addc(&s->steps, ',');
	json_begin(&j, &s->steps);
	json_obj(&j, NULL);
	json_cstr(&j, "step", step);
	json_int(&j, "ms", (loop_now(s->a->host->loop) - s->began) / US_MS);
	if (name && name[0])
		json_cstr(&j, "name", name);
	if (value && value[0])
		json_cstr(&j, "value", value);
	json_end(&j);
	if (s->steps.failed) { /* what is whole stays */
		s->steps.failed = false;
		s->steps.n = before;
		s->steps_n = STORY_STEPS;
		return;
	}
	s->steps_n++;
	step_text(&s->text, step, name, value);
	if (!s->begun || s->ended || s->news_due)
		return;
	s->news_due = true;
	loop_timer(s->a->host->loop, &s->news, loop_now(s->a->host->loop) + GOES_ON_MS * US_MS, on_news);
}

/* ---- what is stored ---- */

void story_hold(struct story *s) { s->pending++; }

static void tell(struct story *s);

static void finish(struct story *s)
{
	if (s->wanted)
		tell(s);
	else
		story_free(s);
}

void story_put(struct story *s)
{
	if (--s->pending == 0 && s->ended)
		finish(s);
}

static void on_stored(void *arg, const struct attachment *stored, const char *error)
{
	struct story *s = arg;

	s->files_due--;
	if (stored && s->files_n < STORY_FILES) {
		struct attachment *f = &s->files[s->files_n];
		char *name = s->file_names[s->files_n++];
		*f = *stored;
		f->type = STR("audio/wav");
		snprintf(name, sizeof s->file_names[0], "recording-%zu.wav", s->files_n);
		f->name = str_of(name);
	} else if (error) {
		log_warn("ivr.recording_lost", "account", s->a->host->name, "reason", error, LOG_END);
	}
	story_put(s);
}

size_t story_file(struct story *s, struct str bytes, const char *type)
{
	size_t n = s->files_n + s->files_due + 1;

	if (n > STORY_FILES || !bytes.n)
		return 0;
	s->files_due++;
	s->input = true;
	story_hold(s);
	s->a->host->blob_put(s->a->host->self, bytes, STR("recording.wav"), str_of(type), on_stored, s);
	return n;
}

void story_wish(struct story *s, const char *wish, struct str queue, struct str text)
{
	char shown[512];

	snprintf(s->wish, sizeof s->wish, "%s", wish);
	if (queue.n && queue.n < sizeof s->queue)
		snprintf(s->queue, sizeof s->queue, "%.*s", (int)queue.n, queue.p);
	snprintf(shown, sizeof shown, "%.*s", (int)(text.n < 500 ? text.n : 500), text.p ? text.p : "");
	story_step(s, "wish", wish, shown);
	s->input = true;
}

static void on_consent(void *arg, const struct intake_result *r)
{
	struct story *s = arg;

	if (r->answer == INTAKE_BUSY || r->answer == INTAKE_REJECTED)
		log_warn("ivr.consent_lost", "account", s->a->host->name, "reason", r->why ? r->why : "", LOG_END);
	story_put(s);
}

void story_consent(struct story *s, unsigned purposes, enum consent_state state)
{
	struct inbound in = {.channel = CHANNEL_IVR,
			     .account = str_of(s->a->host->name),
			     .from = s->who,
			     .to = s->to,
			     .metadata = STR("{}"),
			     .consent = {purposes, state, "ivr"}};

	if (!s->known)
		return;
	story_hold(s);
	s->a->host->received(s->a->host->self, &in, on_consent, s);
}

/* ---- the end ---- */

static void describe(const struct story *s, struct buf *out)
{
	int64_t up = s->answered ? loop_now(s->a->host->loop) - s->answered : 0;
	struct json_out j;

	json_begin(&j, out);
	json_obj(&j, NULL);
	json_obj(&j, "call");
	json_cstr(&j, "id", s->id);
	json_cstr(&j, "direction", s->placed ? "outbound" : "inbound");
	json_cstr(&j, "to", s->to.value);
	json_bool(&j, "answered", s->answered != 0);
	json_int(&j, "duration_ms", up / US_MS);
	if (s->withheld)
		json_bool(&j, "withheld", true);
	json_cstr(&j, "state", s->ended ? "ended" : "in progress");
	if (s->ended)
		json_cstr(&j, "ended_by", s->ended_by);
	if (s->reason[0])
		json_cstr(&j, "reason", s->reason);
	if (s->wish[0])
		json_cstr(&j, "wish", s->wish);
	if (s->wish[0])
		json_cstr(&j, "queue", s->queue);
	if (s->score)
		json_int(&j, "satisfaction", s->score);
	if (!uuid_is_nil(&s->message))
		json_uuid(&j, "message_id", &s->message);
	json_arr(&j, "steps");
	json_key(&j, NULL);
	buf_addstr(out, buf_str(&s->steps));
	json_end(&j);
	json_end(&j);
	json_end(&j);
}

static void headline(const struct story *s, struct buf *out)
{
	int64_t sec = s->answered ? (loop_now(s->a->host->loop) - s->answered) / US_SEC : 0;

	if (!s->ended) {
		buf_addf(out, "%s, in progress\n", s->placed ? "We called" : "Call");
		buf_addstr(out, buf_str(&s->text));
		return;
	}
	buf_addf(out, "%s, %d min %02d s, ended by the %s", s->placed ? "We called" : "Call", (int)(sec / 60),
		 (int)(sec % 60), s->ended_by);
	if (s->wish[0])
		buf_addf(out, "; wishes %s",
			 strcmp(s->wish, "agent") == 0 ? "to speak to a person" : "to be called back");
	buf_addc(out, '\n');
	buf_addstr(out, buf_str(&s->text));
}

static void on_again(struct timer *t) { tell(OF(t, struct story, again)); }

static void on_told(void *arg, const struct intake_result *r)
{
	struct story *s = arg;
	struct account *a = s->a;

	if (r->answer == INTAKE_BUSY && s->tries++ < TRIES_MAX && !a->stopping) {
		loop_timer(a->host->loop, &s->again, loop_now(a->host->loop) + r->retry_after, on_again);
		return;
	}
	if (r->answer == INTAKE_BUSY || r->answer == INTAKE_REJECTED)
		log_warn("ivr.call_lost", "account", a->host->name, "reason", r->why ? r->why : "", LOG_END);
	story_free(s);
}

static void say(struct story *s, enum inbound_stage stage, intake_done *done)
{
	struct inbound in = {.channel = CHANNEL_IVR,
			     .stage = stage,
			     .account = str_of(s->a->host->name),
			     .external_id = str_of(s->id),
			     .from = s->who,
			     .to = s->to,
			     .attachments = s->files,
			     .attachments_n = s->files_n,
			     .at = s->at,
			     .kind = KIND_CALL,
			     .quiet = !s->ended || (!s->wish[0] && !s->files_n),
			     .display_name = s->name};
	struct buf text, meta;
	char message[UUID_TEXT];

	if (s->wish[0] && s->ended) {
		in.queue = str_of(s->queue);
		in.subject = strcmp(s->wish, "agent") == 0 ? STR("Wants to speak to a person")
							   : STR("Wants to be called back");
	}
	if (!uuid_is_nil(&s->message)) {
		in.reply_token = str_of(uuid_format(&s->message, message));
		in.reply_by = "the call that carried it";
	}
	buf_init(&text, 2 * TEXT_MAX);
	buf_init(&meta, 2 * STEPS_BYTES);
	headline(s, &text);
	describe(s, &meta);
	in.text = buf_str(&text);
	in.metadata = meta.failed ? STR("{}") : buf_str(&meta);
	s->a->host->received(s->a->host->self, &in, done, s);
	buf_free(&text);
	buf_free(&meta);
}

static void tell(struct story *s) { say(s, s->begun ? INBOUND_ENDED : INBOUND_WHOLE, on_told); }

/* ---- while it goes on ---- */

/* Whatever the answer: what could not be written now is written whole when the call has ended. */
static void on_begun(void *arg, const struct intake_result *r)
{
	struct story *s = arg;

	(void)r;
	story_put(s);
}

static void on_news(struct timer *t)
{
	struct story *s = OF(t, struct story, news);

	s->news_due = false;
	if (s->ended)
		return;
	story_hold(s);
	say(s, INBOUND_GOES_ON, on_begun);
}

void story_begin(struct story *s)
{
	if (s->begun || s->ended || !s->id[0])
		return;
	s->begun = true;
	story_hold(s);
	say(s, INBOUND_BEGUN, on_begun);
}

void story_end(struct story *s, const char *by, const char *reason, bool wanted)
{
	s->ended = true;
	s->wanted = wanted;
	snprintf(s->ended_by, sizeof s->ended_by, "%s", by);
	snprintf(s->reason, sizeof s->reason, "%s", reason ? reason : "");
	if (s->pending == 0)
		finish(s);
}
