/* Tracked links: who follows one is sent on, and the timeline has it. Robots are counted apart. */
#include <stdio.h>

#include "api/api.h"
#include "campaign/uptake.h"
#include "outbound/links.h"
#include "timeline/event_value.h"

struct following {
	char code[LINK_CODE];
	struct link_use use;
	bool pixel, robot;
};

static int tell(struct request *r, struct db *db, const struct interaction *i, const char *name, int64_t now,
		struct err *err)
{
	struct event e = {.at = now,
			  .type = name,
			  .customer = i->customer,
			  .interaction = i->id,
			  .channel = i->channel,
			  .data = i->metadata};

	return event_append(app_of(r)->events, db, &e, err);
}

/* On the timeline stands the first time only; the rest are numbers. */
static int record(struct request *r, struct db *db, const struct following *f, int64_t now, struct err *err)
{
	const char *name = f->pixel ? "mail.opened" : "link.clicked";
	struct interaction i = {.at = now,
				.channel = f->use.channel,
				.direction = DIRECTION_INBOUND,
				.kind = KIND_EVENT,
				.author = STR("customer"),
				.subject = str_of(name),
				.content = f->pixel ? STR("opened the mail") : f->use.url};
	json_t *data = json_object();
	char id[UUID_TEXT], *text;
	int rc = -1;

	json_object_set_new(data, "message_id", json_string(uuid_format(&f->use.message, id)));
	if (!f->pixel)
		json_object_set_new(data, "url", json_stringn(f->use.url.p, f->use.url.n));
	text = json_dumps(data, JSON_COMPACT);
	i.metadata = text ? str_of(text) : STR("");
	if (!text)
		err_nomem(err);
	else if (identity_survivor(db, &f->use.customer, &i.customer, err) == 0 &&
		 interaction_append(db, &i, err) == 0 && event_values_add(db, &i, str_of(name), data, err) == 0)
		rc = tell(r, db, &i, name, now, err);
	if (rc == 0)
		rc = uptake_followed(db, app_of(r)->events, r->arena, &i.customer, &f->use.message, f->use.channel,
				     !f->pixel, now, err);
	free(text);
	json_decref(data);
	return rc;
}

static int follow_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct following *f = r->state;

	if (link_count(db, str_of(f->code), f->robot, now, err))
		return -1;
	return f->robot || f->use.people ? 0 : record(r, db, f, now, err);
}

static const uint8_t gif[] = {0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0,	 0x80, 0, 0,	0, 0,
			      0,    0xff, 0xff, 0xff, 0x21, 0xf9, 4, 1, 0, 0,	 0,    0, 0x2c, 0, 0,
			      0,    0,	  1,	0,    1,    0,	  0, 2, 2, 0x44, 1,    0, 0x3b};

static int follow_finish(struct request *r, struct db *db, struct err *err)
{
	const struct following *f = r->state;

	(void)db, (void)err;
	buf_reset(&r->out);
	request_header(r, "Cache-Control", "no-store");
	request_header(r, "Referrer-Policy", "no-referrer");
	if (f->pixel) {
		r->status = 200;
		r->content_type = "image/gif";
		buf_add(&r->out, (const char *)gif, sizeof gif);
		return r->out.failed ? err_nomem(err) : 0;
	}
	r->status = 302;
	r->content_type = "text/plain";
	request_header(r, "Location", f->use.url.p);
	return 0;
}

static int follow(struct request *r, struct str code, bool pixel, struct err *err)
{
	struct following *f = state_new(r, sizeof *f, err);
	struct str prefetch = request_in_header(r, "Sec-Purpose");
	struct db *db = request_db(r, err);
	int k;

	if (!f || !db)
		return -1;
	k = link_code_good(app_of(r)->secret, code) ? link_find(db, code, r->arena, &f->use, err) : 0;
	if (k < 0)
		return -1;
	/* Where it leads comes from our books alone: a code that is not there leads nowhere. */
	if (k == 0 || pixel != (f->use.url.n == 0))
		return err_set(err, ERR_NOT_FOUND, "link_unknown", NULL, "this is no link of ours");
	memcpy(f->code, code.p, LINK_CODE - 1);
	f->pixel = pixel;
	f->robot = link_robot(str_of(r->head ? "HEAD" : r->method), request_in_header(r, "User-Agent"),
			      prefetch.n ? prefetch : request_in_header(r, "Purpose"),
			      f->use.sent_at ? now_of(r) - f->use.sent_at : 0);
	r->run = follow_run;
	r->finish = follow_finish;
	return request_write(r, err);
}

int link_follow(struct request *r, struct err *err) { return follow(r, r->param[0], false, err); }

int link_pixel(struct request *r, struct err *err)
{
	struct str code = r->param[0];

	if (code.n > 4 && memcmp(code.p + code.n - 4, ".gif", 4) == 0)
		code.n -= 4;
	return follow(r, code, true, err);
}

int message_links(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	list_begin(r);
	if (links_json(db, &r->json, &id, err))
		return -1;
	list_end(r, NULL);
	return 0;
}
