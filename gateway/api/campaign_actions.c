/* What people do to campaigns: start, pause, resume, cancel, try out, look ahead, watch. */
#include <stdio.h>

#include "api/api.h"
#include "base/clock.h"
#include "campaign/engine.h"
#include "campaign/send.h"

enum { SEED_MAX = 50 };
#define DRY_RUN (2 * US_SEC)

struct acting {
	struct uuid id;
	enum campaign_action what;
};

static int act_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct acting *a = r->state;
	return campaign_act(db, app_of(r)->events, app_of(r)->outbound, &a->id, a->what, r->arena, now, err);
}

static int act_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_campaign(r, db, &((struct acting *)r->state)->id, 200, err);
}

static void act_committed(struct request *r) { engine_nudge(app_of(r)->engine); }

static int act(struct request *r, enum campaign_action what, struct err *err)
{
	static const char *const none[] = {NULL};
	struct acting *a = state_new(r, sizeof *a, err);
	json_t *o;

	if (!a || path_uuid(r, 0, &a->id, err) || input_object(r, none, &o, err))
		return -1;
	a->what = what;
	r->run = act_run;
	r->finish = act_finish;
	r->committed = act_committed;
	return request_write(r, err);
}

int campaign_start_(struct request *r, struct err *err) { return act(r, CAMPAIGN_START, err); }
int campaign_pause_(struct request *r, struct err *err) { return act(r, CAMPAIGN_PAUSE, err); }
int campaign_resume_(struct request *r, struct err *err) { return act(r, CAMPAIGN_RESUME, err); }
int campaign_cancel_(struct request *r, struct err *err) { return act(r, CAMPAIGN_CANCEL, err); }

/* ---- trying it out ---- */

struct trying {
	struct uuid id;
	struct outbound_batch *batch;
	struct trial seed[SEED_MAX], *out;
	int n, out_n;
};

static int try_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct trying *t = r->state;
	return sender_try(engine_sender(app_of(r)->engine), db, t->batch, &t->id, t->seed, t->n, t->out, &t->out_n,
			  r->arena, now, err);
}

static void try_committed(struct request *r) { outbound_batch_committed(((struct trying *)r->state)->batch); }
static void try_cleanup(struct request *r) { outbound_batch_free(&((struct trying *)r->state)->batch); }

static int try_finish(struct request *r, struct db *db, struct err *err)
{
	struct trying *t = r->state;

	(void)db, (void)err;
	list_begin(r);
	for (int k = 0; k < t->out_n; k++) {
		const struct trial *x = &t->out[k];
		json_obj(&r->json, NULL);
		json_str(&r->json, "variant", x->variant);
		if (x->err.kind) {
			problem_json(&r->json, "problem", &x->err, NULL);
		} else {
			json_uuid(&r->json, "customer_id", &x->result.customer);
			json_uuid(&r->json, "message_id", &x->result.message);
			json_cstr(&r->json, "status", status_word(x->result.status));
			json_cstr(&r->json, "reason", x->result.reason);
		}
		json_end(&r->json);
	}
	list_end(r, NULL);
	return 0;
}

static int read_seed(struct request *r, const json_t *v, struct trial *t, struct err *err)
{
	struct str s = json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR("");
	enum channel c = memchr(s.p, '@', s.n) ? CHANNEL_EMAIL : CHANNEL_SMS;

	*t = (struct trial){.has_address = false};
	if (uuid_parse(s, &t->customer))
		return 0;
	t->has_address = true;
	if (address_parse(c, s, app_of(r)->region, &t->address, err) == 0)
		return 0;
	snprintf(err->field, sizeof err->field, "/to");
	return -1;
}

int campaign_test(struct request *r, struct err *err)
{
	static const char *const names[] = {"to", NULL};
	struct trying *t = state_new(r, sizeof *t, err);
	json_t *o, *list;

	if (!t || path_uuid(r, 0, &t->id, err) || input_object(r, names, &o, err))
		return -1;
	list = json_object_get(o, "to");
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > SEED_MAX)
		return err_set(err, ERR_SEMANTIC, "seed_invalid", "/to", "a list of 1 to %d addresses or customers",
			       SEED_MAX);
	for (size_t k = 0; k < json_array_size(list); k++)
		if (read_seed(r, json_array_get(list, k), &t->seed[t->n++], err))
			return -1;
	t->out = arena_array(r->arena, struct trial, SEED_MAX * CAMPAIGN_VARIANTS);
	t->batch = t->out ? outbound_batch_new(app_of(r)->outbound) : NULL;
	if (!t->batch)
		return err_nomem(err);
	r->run = try_run;
	r->finish = try_finish;
	r->committed = try_committed;
	r->cleanup = try_cleanup;
	return request_write(r, err);
}

/* ---- looking ahead, and watching ---- */

int campaign_dry_run(struct request *r, struct err *err)
{
	static const char *const none[] = {NULL};
	struct db *db = request_db(r, err);
	struct campaign c;
	struct uuid id;
	json_t *o;

	if (!db || path_uuid(r, 0, &id, err) || input_object(r, none, &o, err) ||
	    campaign_get(db, &id, r->arena, &c, err))
		return -1;
	request_json(r, 200);
	return campaign_dry_run_json(db, app_of(r)->outbound, &c, r->arena, now_of(r), clock_mono() + DRY_RUN, &r->json,
				     err);
}

int campaign_stream(struct request *r, struct err *err)
{
	static const char *const types[] = {"campaign.", NULL};
	struct str last = request_in_header(r, "Last-Event-ID");
	struct event_filter f = {.types = types};
	struct db *db = request_db(r, err);
	struct campaign c;
	struct uuid id;
	int64_t after = -1;
	char text[UUID_TEXT];

	if (!db || path_uuid(r, 0, &id, err) || campaign_get(db, &id, r->arena, &c, err))
		return -1;
	if (last.n && (!str_i64(last, &after) || after < 0))
		return err_set(err, ERR_INVALID, "cursor_invalid", "Last-Event-ID",
			       "the number of an event of this stream");
	snprintf(f.about, sizeof f.about, "{\"campaign_id\":\"%s\"", uuid_format(&id, text));
	return request_stream(r, &f, after, err);
}
