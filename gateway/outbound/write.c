/* What every change of a delivery has in common: a line in its trail and an event. */
#include "base/json.h"
#include "outbound/private.h"

/* Cause and detail are one text to the end of the line, so neither may break it. */
static void one_line(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n && i < 120; i++)
		buf_addc(b, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
}

void trail_line(struct buf *b, int64_t at, enum status s, const char *cause, struct str detail)
{
	buf_add_i64(b, at);
	buf_addc(b, ' ');
	buf_adds(b, status_word(s));
	buf_addc(b, ' ');
	one_line(b, str_of(cause));
	if (detail.n) {
		if (*cause)
			buf_addc(b, ' ');
		one_line(b, detail);
	}
	buf_addc(b, '\n');
}

static const char *event_type(enum status s)
{
	static const char *const types[STATUS_COUNT] = {
		[STATUS_SCHEDULED] = "message.accepted",
		[STATUS_QUEUED] = "message.queued",
		[STATUS_UNCERTAIN] = "message.uncertain",
		[STATUS_SENT] = "message.sent",
		[STATUS_PARTIAL] = "message.delivered",
		[STATUS_SUPPRESSED] = "message.suppressed",
		[STATUS_CANCELLED] = "message.cancelled",
		[STATUS_EXPIRED] = "message.expired",
		[STATUS_REJECTED] = "message.failed",
		[STATUS_FAILED] = "message.failed",
		[STATUS_UNDELIVERED] = "message.undelivered",
		[STATUS_DELIVERED] = "message.delivered",
		[STATUS_READ] = "message.read",
	};
	return types[s];
}

static bool ends_badly(enum status s)
{
	return s == STATUS_FAILED || s == STATUS_EXPIRED || s == STATUS_REJECTED || s == STATUS_UNDELIVERED;
}

int status_event(struct outbound *o, struct db *db, const struct facts *f, enum status s, struct str reason,
		 struct str code, int64_t now, int64_t *out_seq, struct err *err)
{
	struct event e = {.at = now,
			  .type = event_type(s),
			  .customer = f->customer,
			  .conversation = f->conversation,
			  .interaction = f->id.message,
			  .channel = f->channel};
	char room[512];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};

	if (f->fresh && s == STATUS_QUEUED)
		e.type = "message.accepted";
	if (!e.type)
		return 0;
	buf_adds(&b, "{\"n\":");
	buf_add_i64(&b, f->id.n);
	buf_adds(&b, ",\"status\":\"");
	buf_adds(&b, status_word(s));
	buf_adds(&b, "\",\"account\":");
	json_quote(&b, f->account);
	if (reason.n) {
		buf_adds(&b, ",\"reason\":");
		json_quote(&b, reason.n > 100 ? str_n(reason.p, 100) : reason);
	}
	if (code.n) {
		buf_adds(&b, ",\"code\":");
		json_quote(&b, code.n > 40 ? str_n(code.p, 40) : code);
	}
	buf_addc(&b, '}');
	e.data = b.failed ? STR("{}") : buf_str(&b);
	if (event_append(o->ev, db, &e, err))
		return -1;
	if (out_seq)
		*out_seq = e.seq;
	return ends_badly(s) && !f->fresh ? fallback_further(o, db, f, s, now, err) : 0;
}
