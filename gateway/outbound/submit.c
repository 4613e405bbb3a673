/*
 * request → plan → rows. Runs inside the caller's write job: whom (resolve.c), may we (policy.c, repeat.c), in which
 * conversation (timeline/), then the interaction, its delivery and the event. A refusal by policy is written as well: the
 * message is on the timeline with its reason.
 */
#include "base/clock.h"
#include "base/json.h"
#include "outbound/batch.h"

struct plan {
	struct outbound *o;
	struct db *db;
	const struct send_request *r;
	struct send_request rendered; /* r, when a template makes its text */
	int64_t at;		      /* unique: the order in which messages were accepted */
	struct route route;
	struct interaction i;
	struct str subject, options;
	struct channel_estimate size;
	enum priority priority;
	enum status status;
	const char *reason;
	const char *waits_for; /* why it is scheduled: quiet hours */
	int64_t due, expires_at;
	int64_t seq;
	struct item *item;
	struct links links;
};

/* Two messages accepted in the same microsecond would have no order: each gets a time of its own. */
static int64_t next_tick(struct outbound *o, int64_t now)
{
	o->tick = now > o->tick ? now : o->tick + 1;
	return o->tick;
}

/* The caller's own ids share a table with the carriers'; no account's name begins with this. */
static struct str caller_of(const struct send_request *r, char room[160])
{
	struct buf b = {.p = room, .cap = 160, .max = 159};

	buf_addc(&b, '@');
	buf_adds(&b, r->author ? r->author : "");
	return buf_str(&b);
}

static int seen_before(struct plan *p, struct send_result *out, bool *seen, struct err *err)
{
	char room[160];
	struct external_hit hit;
	struct stmt *q;
	int r;

	*seen = false;
	if (!p->r->external_id.n)
		return 0;
	r = external_find(p->db, caller_of(p->r, room), p->r->external_id, &hit, err);
	if (r)
		return r < 0 ? -1 : 0;
	q = db_query(p->db, "SELECT d.customer_id, d.status, i.conversation_id FROM delivery d"
			    " LEFT JOIN interaction i ON i.id = d.message_id"
			    " WHERE d.message_id = $1 ORDER BY d.n DESC LIMIT 1");
	db_bind_uuid(q, 1, &hit.id.message);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct send_result){
			.message = hit.id.message, .status = (enum status)db_col_i64(q, 1), .repeated = true};
		db_col_uuid(q, 0, &out->customer);
		db_col_uuid(q, 2, &out->conversation);
		*seen = true;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int remember_caller(struct plan *p, struct err *err)
{
	struct delivery_id id = {p->i.id, 1};
	char room[160];

	if (!p->r->external_id.n)
		return 0;
	return external_add(p->db, caller_of(p->r, room), p->r->external_id, &id, 1, p->at, err);
}

static int ask_policy(struct plan *p, struct outbound_batch *b, struct err *err)
{
	const struct send_request *r = p->r;
	struct policy_question q = {.to = &p->route.to,
				    .purpose = r->purpose,
				    .expires_at = r->expires_at,
				    .exempt = r->exempt,
				    .known = p->route.known,
				    .members = p->route.members,
				    .members_n = p->route.members_n,
				    .at = p->due};
	int64_t later;
	uint64_t key;
	int no = policy_ask(p->o, p->db, &q, p->at, &p->status, &p->reason, &later, err);

	if (no < 0)
		return -1;
	if (no == 2) {
		p->due = later;
		p->waits_for = p->reason;
		if (!r->expires_at)
			p->expires_at = later + p->o->c.default_expiry;
		no = 0;
	}
	if (no == 0 && p->o->c.repeat_limit && !r->exempt) {
		no = repeat_count(p->o->repeat, &p->route.to, r->text, p->o->c.repeat_limit, p->at, &key);
		if (!batch_counted(b, key))
			return err_nomem(err);
		p->status = STATUS_SUPPRESSED;
		p->reason = "looping";
	}
	if (no == 0) {
		p->status = p->due > p->at ? STATUS_SCHEDULED : STATUS_QUEUED;
		p->reason = p->waits_for;
	}
	return 0;
}

static void files_json(struct buf *b, const struct send_request *r)
{
	struct json_out j;

	json_begin(&j, b);
	json_arr(&j, NULL);
	for (size_t k = 0; k < r->attachments_n; k++) {
		const struct attachment *f = &r->attachments[k];
		json_obj(&j, NULL);
		json_cstr(&j, "sha256", f->sha256);
		json_str(&j, "name", f->name);
		json_str(&j, "type", f->type);
		json_int(&j, "size", f->size);
		json_end(&j);
	}
	json_end(&j);
}

static enum priority priority_of(const struct send_request *r)
{
	if (r->has_priority)
		return r->priority;
	if (r->purpose != PURPOSE_SERVICE)
		return PRIORITY_BULK;
	return uuid_is_nil(&r->conversation) ? PRIORITY_NORMAL : PRIORITY_HIGH;
}

/* Marketing joins a conversation only by name. */
static int thread(struct plan *p, struct err *err)
{
	const struct send_request *r = p->r;
	bool named = !uuid_is_nil(&r->conversation);
	struct known *known = p->route.known;

	if (!named && (r->purpose != PURPOSE_SERVICE || (known && known->quiet)))
		return 0;
	arena_reset(p->o->arena);
	if (conversation_thread_outbound(p->db, p->o->ev, p->route.members, p->route.members_n, &r->conversation,
					 r->purpose, &p->i, p->o->arena, p->at, err))
		return -1;
	if (known && !named)
		known->quiet = uuid_is_nil(&p->i.conversation);
	return 0;
}

static int write_interaction(struct plan *p, struct err *err)
{
	const struct send_request *r = p->r;

	p->i = (struct interaction){
		.customer = p->route.owner,
		.has_contact = true,
		.contact = p->route.to,
		.at = p->at,
		.channel = p->route.channel,
		.direction = DIRECTION_OUTBOUND,
		.kind = KIND_MESSAGE,
		.account = str_of(p->route.account.name),
		.author = str_of(r->author),
		.content = r->text,
		.metadata = r->metadata,
	};
	p->i.id = uuid7_in(p->at, (uint8_t)bucket_of(&p->route.owner));
	if (r->attachments_n) {
		buf_reset(&p->o->scratch);
		files_json(&p->o->scratch, r);
		if (p->o->scratch.failed)
			return err_nomem(err);
		p->i.attachments = buf_str(&p->o->scratch);
	}
	if (thread(p, err))
		return -1;
	if (p->route.channel == CHANNEL_EMAIL && !uuid_is_nil(&p->i.conversation) &&
	    mail_answers(p->db, &p->i, p->o->arena, &p->subject, &p->options, err))
		return -1;
	p->i.subject = p->subject;
	return interaction_append(p->db, &p->i, err);
}

static void bind_options(struct stmt *q, int n, const struct plan *p)
{
	if (p->options.n)
		db_bind_str(q, n, p->options);
	else
		db_bind_null(q, n);
}

/* The channels that the request names after the one that was chosen. */
static void bind_further(struct stmt *q, int n, const struct plan *p)
{
	char room[80];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	bool after = false;

	for (size_t k = 0; k < p->r->channels_n; k++) {
		if (after) {
			if (b.n)
				buf_addc(&b, ',');
			buf_adds(&b, channel_word(p->r->channels[k]));
		}
		after = after || p->r->channels[k] == p->route.channel;
	}
	if (b.n)
		db_bind_str(q, n, buf_str(&b));
	else
		db_bind_null(q, n);
}

static int write_delivery(struct plan *p, struct err *err)
{
	bool waits = p->status == STATUS_QUEUED || p->status == STATUS_SCHEDULED;
	struct stmt *q = db_query(
		p->db,
		"INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address, sender,"
		" purpose, priority, status, outbox, due_at, expires_at, encoding, segments, units, reason, options,"
		" correlation, trail, updated_at, further) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
		"$12, $13, "
		"$14,"
		" $15, $16, $17, $18, $19, $20, $21, $22, $23)");
	char room[256];
	struct buf trail = {.p = room, .cap = sizeof room, .max = sizeof room - 1};

	trail_line(&trail, p->at, p->status, waits ? "accepted" : "refused:", str_of(p->reason ? p->reason : ""));
	db_bind_i64(q, 1, bucket_of(&p->route.owner));
	db_bind_uuid(q, 2, &p->i.id);
	db_bind_uuid(q, 3, &p->route.owner);
	db_bind_i64(q, 4, p->route.channel);
	db_bind_str(q, 5, p->i.account);
	db_bind_i64(q, 6, p->route.to.scheme);
	db_bind_text(q, 7, p->route.to.value);
	db_bind_str(q, 8, p->r->from);
	db_bind_i64(q, 9, p->r->purpose);
	db_bind_i64(q, 10, p->priority);
	db_bind_i64(q, 11, p->status);
	db_bind_i64(q, 12, waits);
	db_bind_i64(q, 13, p->due);
	db_bind_i64(q, 14, p->expires_at);
	db_bind_text(q, 15, p->size.encoding);
	db_bind_i64(q, 16, p->size.segments);
	db_bind_i64(q, 17, p->size.units);
	db_bind_text(q, 18, p->r->exempt && waits ? EXEMPT_REASON : p->reason);
	bind_options(q, 19, p);
	db_bind_str(q, 20, p->r->correlation);
	db_bind_str(q, 21, buf_str(&trail));
	db_bind_i64(q, 22, p->at);
	bind_further(q, 23, p);
	return db_run(q, err);
}

static int make_item(struct plan *p, struct outbound_batch *b, struct err *err)
{
	const struct send_request *r = p->r;
	struct lane *l;
	struct delivery d = {
		.id = {p->i.id, 1},
		.customer = p->route.owner,
		.conversation = p->i.conversation,
		.to = p->route.to,
		.from = r->from,
		.subject = p->subject,
		.text = r->text,
		.attachments = r->attachments,
		.attachments_n = r->attachments_n,
		.purpose = r->purpose,
		.priority = p->priority,
		.expires_at = p->expires_at,
		.options = p->options.n ? p->options : STR("{}"),
		.correlation = r->correlation,
	};

	if (p->status != STATUS_QUEUED && p->status != STATUS_SCHEDULED)
		return 0;
	l = lane_find(p->o, p->i.account);
	if (!l)
		return 0; /* its account opens later: the store has it */
	d.receipt = l->receipts;
	p->item = item_new(l, &d);
	if (!p->item)
		return err_nomem(err);
	p->item->due = p->due;
	p->item->status = p->status;
	p->item->segments = p->size.segments;
	p->item->exempt = r->exempt;
	batch_add(b, p->item);
	return 0;
}

/* Under the frequency caps. */
static int count(struct plan *p, struct err *err)
{
	bool waits = p->status == STATUS_QUEUED || p->status == STATUS_SCHEDULED;

	if (!waits || p->r->purpose != PURPOSE_MARKETING || !p->o->c.rules || !p->o->c.rules->caps_n)
		return 0;
	return may_count(p->db, &p->route.owner, p->due, &p->i.id, err);
}

static int write_all(struct plan *p, struct outbound_batch *b, struct err *err)
{
	struct facts f;

	if (write_interaction(p, err) || write_delivery(p, err) || remember_caller(p, err) || count(p, err) ||
	    links_write(p->db, &p->links, &p->i.id, &p->route.owner, p->route.channel, p->at, err))
		return -1;
	f = (struct facts){p->route.owner, p->i.conversation, p->route.channel, p->i.account, {p->i.id, 1}, true};
	if (make_item(p, b, err) ||
	    status_event(p->o, p->db, &f, p->status, str_of(p->reason), STR(""), p->at, &p->seq, err) ||
	    contact_touch(p->db, &p->route.contact, DIRECTION_OUTBOUND, p->at, err))
		return -1;
	if (p->route.known && p->at - p->route.contact.last_out_at >= US_MIN)
		p->route.known->last_out_at = p->at; /* as contact_touch has written */
	if (p->item)
		p->item->checked = p->seq;
	return 0;
}

static void show(const struct plan *p, struct send_result *out)
{
	bool waits = p->status == STATUS_QUEUED || p->status == STATUS_SCHEDULED;
	struct str why = p->i.thread_reason;

	out->message = p->i.id;
	out->customer = p->route.members_n ? p->route.members[0] : p->route.owner;
	out->conversation = p->i.conversation;
	out->status = p->status;
	out->reason = p->reason;
	out->links = p->links.n > 0;
	out->repeated = false;
	out->delivery = (struct fresh_delivery){.channel = p->route.channel,
						.status = p->status,
						.address = p->route.to,
						.encoding = p->size.encoding,
						.reason = p->r->exempt && waits ? EXEMPT_REASON : p->reason,
						.cause = waits ? "accepted" : "refused:",
						.segments = p->size.segments,
						.units = p->size.units,
						.at = p->at,
						.due_at = p->due,
						.expires_at = p->expires_at};
	memcpy(out->delivery.account, p->route.account.name, sizeof out->delivery.account);
	if (why.n >= sizeof out->thread_reason)
		why.n = sizeof out->thread_reason - 1;
	if (why.n)
		memcpy(out->thread_reason, why.p, why.n);
	out->thread_reason[why.n] = 0;
}

static int make_content(struct plan *p, struct err *err)
{
	const struct account_info *a = &p->route.account;

	if (!p->r->template.name.n)
		return 0;
	p->rendered = *p->r;
	p->r = &p->rendered;
	if (render_request(p->o, p->db, &p->route.members[0], p->route.channel, p->at, &p->rendered, err))
		return -1;
	p->subject = p->rendered.subject;
	p->options = p->rendered.options;
	if (a->caps.max_text && p->rendered.text.n > a->caps.max_text)
		return err_set(err, ERR_SEMANTIC, "text_too_long", "/template",
			       "the text that the template makes is longer than the channel's %zu characters",
			       a->caps.max_text);
	return 0;
}

static int track(struct plan *p, struct err *err)
{
	if (!p->o->c.track_links || p->r->purpose != PURPOSE_MARKETING || p->status == STATUS_SUPPRESSED)
		return 0;
	if (p->r != &p->rendered) {
		p->rendered = *p->r;
		p->r = &p->rendered;
	}
	return track_links(p->o, p->db, &p->route.to, &p->rendered, &p->options, &p->links, err);
}

int outbound_batch_write(struct outbound_batch *b, struct db *db, const struct send_request *r, int64_t now,
			 struct send_result *out, struct err *err)
{
	struct outbound *o = b->o;
	struct plan p = {.o = o,
			 .db = db,
			 .r = r,
			 .at = next_tick(o, now),
			 .priority = priority_of(r),
			 .subject = r->subject,
			 .options = r->options};
	bool seen;

	if (seen_before(&p, out, &seen, err))
		return -1;
	if (seen)
		return 0;
	p.due = r->send_at > p.at ? r->send_at : p.at;
	p.expires_at = r->expires_at ? r->expires_at : p.due + o->c.default_expiry;
	if (route_find(o, db, r, now, &p.route, err) || make_content(&p, err) || ask_policy(&p, b, err) ||
	    track(&p, err))
		return -1;
	r = p.r;
	p.size = p.route.account.ops->estimate(p.route.account.account, r->text, r->options.n ? r->options : STR("{}"));
	if (write_all(&p, b, err))
		return -1;
	b->written++;
	show(&p, out);
	return 0;
}
