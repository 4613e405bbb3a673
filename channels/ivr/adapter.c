/* The channel_ops of ivr. What an account is made of is told in account.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "ivr/call.h"
#include "ivr/doors.h"
#include "ivr/ivr.h"
#include "ivr/place.h"

static void on_ringing(struct call *c) { (void)c; }

static void on_state(struct account *a, enum account_state s, const char *reason)
{
	if (!a->stopping)
		a->host->state(a->host->self, s, reason);
}

static void on_stopped(struct account *a)
{
	a->door_stopped = true;
	ivr_rested(a);
}

static void ivr_close(struct account **ap)
{
	struct account *a = *ap;

	if (!a)
		return;
	loop_timer_stop(a->host->loop, &a->tidy);
	if (a->door)
		a->ops->close(&a->door);
	menus_free(&a->menus);
	free(a);
	*ap = NULL;
}

/* Every menu that the settings name is read, so that `threadline check` finds a wrong one. */
static int check_menu(struct account *a, const char *name, const char *field, struct err *err)
{
	json_t *nothing;
	struct vxml_doc *d;
	bool shared;

	if (!name)
		return 0;
	nothing = json_object();
	d = nothing ? menus_document(a->menus, name, nothing, &shared, err) : NULL;
	json_decref(nothing);
	if (!d) {
		if (!nothing)
			err_nomem(err);
		if (err)
			snprintf(err->field, sizeof err->field, "%s", field);
		return -1;
	}
	if (!shared)
		vxml_doc_free(&d);
	return 0;
}

static int open_parts(struct account *a, struct err *err)
{
	const struct ivr_settings *s = a->set;

	if (address_parse(CHANNEL_IVR, str_of(s->number), a->host->region, &a->self, err)) {
		if (err)
			snprintf(err->field, sizeof err->field, "number");
		return -1;
	}
	if (strlen(s->menu) >= MENU_NAME_MAX)
		return err_set(err, ERR_SEMANTIC, "too_long", "menu", "the name is too long");
	if (menus_open(s->menus, &a->menus, err) || check_menu(a, s->menu, "menu", err) ||
	    check_menu(a, s->call_menu, "call_menu", err))
		return -1;
	a->ops = door_of(s->door);
	if (s->door == IVR_DOOR_HTTP)
		return pages_check(s, err);
	if (!a->ops)
		return err_set(err, ERR_SEMANTIC, "door_missing", "door", "this gateway is built without this door");
	return a->ops->open(s, &a->door_host, &a->door, err);
}

static int ivr_open(const void *set, const struct channel_host *host, struct account **out, struct err *err)
{
	struct account *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	a->set = set;
	a->host = host;
	TAILQ_INIT(&a->calls);
	TAILQ_INIT(&a->pages);
	a->door_host = (struct door_host){.host = host,
					  .account = a,
					  .incoming = call_incoming,
					  .ringing = on_ringing,
					  .answered = call_answered,
					  .digit = call_digit,
					  .played = call_played,
					  .recorded = call_recorded,
					  .transferred = call_transferred,
					  .ended = call_ended,
					  .state = on_state,
					  .stopped = on_stopped};
	if (open_parts(a, err)) {
		ivr_close(&a);
		return -1;
	}
	*out = a;
	return 0;
}

static struct channel_caps ivr_caps(const struct account *a)
{
	bool places = a->ops && a->ops->place;

	return (struct channel_caps){.receipts = places,
				     .two_way = true,
				     .max_text = 4000,
				     .window = places ? (int)a->set->calls_out + 1 : 16};
}

static struct channel_estimate ivr_estimate(const struct account *a, struct str text, struct str options)
{
	(void)a, (void)text, (void)options;
	return (struct channel_estimate){.encoding = "utf-8", .segments = 1, .units = 1};
}

static void ivr_start(struct account *a)
{
	a->host->state(a->host->self, ACCOUNT_CONNECTING, "");
	if (a->door)
		a->ops->start(a->door);
	else
		a->host->state(a->host->self, ACCOUNT_UP, "pages are served");
}

static void ivr_pause(struct account *a, bool paused)
{
	a->paused = paused;
	if (a->door)
		a->ops->pause(a->door, paused);
}

static void ivr_status(const struct account *a, struct buf *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_obj(&j, NULL);
	json_cstr(&j, "door", a->ops ? a->ops->name : "http");
	json_int(&j, "calls", (int64_t)a->calls_n);
	json_int(&j, "calls_out", (int64_t)a->out_n);
	if (a->door && a->ops->status)
		a->ops->status(a->door, &j);
	json_end(&j);
}

void ivr_rested(struct account *a)
{
	if (!a->stopping || a->closed || !a->door_stopped || a->calls_n || a->stories_n)
		return;
	a->closed = true;
	a->host->state(a->host->self, ACCOUNT_CLOSED, "");
}

static void on_tidy(struct timer *t)
{
	ivr_rested((struct account *)(void *)((char *)t - offsetof(struct account, tidy)));
}

static void ivr_stop(struct account *a, int64_t deadline)
{
	a->stopping = true;
	pages_stop(a);
	if (a->door)
		a->ops->stop(a->door, deadline);
	else
		a->door_stopped = true;
	loop_timer(a->host->loop, &a->tidy, loop_now(a->host->loop), on_tidy);
}

const struct channel_ops ivr_channel = {
	.name = "ivr",
	.channel = CHANNEL_IVR,
	.affinity = AFFINITY_ACCOUNT,
	.settings = ivr_settings_table,
	.settings_size = sizeof(struct ivr_settings),
	.open = ivr_open,
	.caps = ivr_caps,
	.estimate = ivr_estimate,
	.start = ivr_start,
	.submit = place_submit,
	.cancel = place_cancel,
	.pause = ivr_pause,
	.status = ivr_status,
	.stop = ivr_stop,
	.close = ivr_close,
	.routes = ivr_routes,
};
