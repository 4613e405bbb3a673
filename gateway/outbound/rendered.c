/* A message that names a template gets its texts, in the job that writes the message, when its channel is known. */
#include "outbound/private.h"
#include "outbound/renderer.h"

enum { OPTIONS_ROOM = 1 << 20, METADATA_ROOM = 128 << 10, DATA_DEPTH = 32, ARENA_ROOM = 1 << 20 };

/* The object with one member more in front; the member's value is JSON already. */
static struct str with(struct buf *b, struct str object, const char *name, struct str value)
{
	struct str rest = str_trim(object);

	rest = rest.n >= 2 && rest.p[0] == '{' ? str_trim(str_n(rest.p + 1, rest.n - 2)) : STR("");
	buf_addc(b, '{');
	buf_addc(b, '"');
	buf_adds(b, name);
	buf_adds(b, "\":");
	buf_addstr(b, value);
	if (rest.n) {
		buf_addc(b, ',');
		buf_addstr(b, rest);
	}
	buf_addc(b, '}');
	return buf_str(b);
}

static int fill(struct rendered_room *room, const struct rendered *x, struct send_request *q, struct err *err)
{
	struct buf value;
	bool failed;

	q->subject = x->subject;
	q->text = x->text;
	buf_reset(&room->options);
	buf_reset(&room->metadata);
	buf_init(&value, OPTIONS_ROOM);
	if (x->html.n) {
		json_quote(&value, x->html);
		q->options = with(&room->options, q->options, "html", buf_str(&value));
		buf_reset(&value);
	}
	buf_adds(&value, "{\"name\":");
	json_quote(&value, q->template.name);
	buf_adds(&value, ",\"version\":");
	buf_add_i64(&value, x->version);
	buf_addc(&value, '}');
	q->metadata = with(&room->metadata, q->metadata, "template", buf_str(&value));
	failed = value.failed || room->options.failed || room->metadata.failed;
	buf_free(&value);
	return failed ? err_nomem(err) : 0;
}

int rendered_room_open(struct rendered_room *room)
{
	room->renderer = renderer_new();
	room->arena = arena_new(ARENA_ROOM);
	buf_init(&room->options, OPTIONS_ROOM);
	buf_init(&room->metadata, METADATA_ROOM);
	buf_init(&room->said, METADATA_ROOM);
	return room->renderer && room->arena ? 0 : -1;
}

void rendered_room_close(struct rendered_room *room)
{
	renderer_free(&room->renderer);
	arena_free(&room->arena);
	buf_free(&room->options);
	buf_free(&room->metadata);
	buf_free(&room->said);
	json_decref(room->data);
	room->data = NULL;
}

/* *out belongs to the room. */
static int data_of(struct rendered_room *room, struct str text, json_t **out, struct err *err)
{
	*out = NULL;
	if (text.n == 0)
		return 0;
	if (!room->data || !str_eq(text, buf_str(&room->said))) {
		json_decref(room->data);
		room->data = NULL;
		buf_reset(&room->said);
		if (json_read(text, DATA_DEPTH, &room->data, err))
			return -1;
		buf_addstr(&room->said, text); /* if it fails, it is no text's */
		if (room->said.failed)
			buf_reset(&room->said);
	}
	*out = room->data;
	return 0;
}

int render_request(struct outbound *o, struct db *db, const struct uuid *customer, enum channel channel, int64_t now,
		   struct send_request *q, struct err *err)
{
	struct rendered_room *room = &o->rendered;
	struct rendering what = {.db = db,
				 .accounts = o->accounts,
				 .region = o->c.region,
				 .public_url = o->c.public_url,
				 .secret = o->c.secret,
				 .name = q->template.name,
				 .version = q->template.version,
				 .channel = channel,
				 .locale = q->template.locale,
				 .now = now};
	struct rendered text;
	json_t *data = NULL;
	struct customer c;
	int rc;

	arena_reset(room->arena);
	if (customer_get(db, customer, room->arena, &c, err) || data_of(room, q->template.data, &data, err))
		return -1;
	what.customer = &c;
	what.data = data;
	rc = renderer_run(room->renderer, &what, &text, err);
	return rc ? -1 : fill(room, &text, q, err);
}
