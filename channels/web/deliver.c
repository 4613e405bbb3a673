/*
 * Deliveries. A message is in the visitor's thread as soon as it is committed, so the outcome is always "sent"; whether
 * somebody was there to see it is said in the reason: "shown" or "away". The gateway sends a message for a visitor that
 * is away also to the number the visitor left (outbound/fallback.c).
 */
#include "web/private.h"

/* False: the outcome comes later (held.c). */
static bool deliver_one(struct account *a, const struct delivery *d, char id[UUID_TEXT], struct str *ref,
			struct outcome *out)
{
	struct history_entry h = {.id = d->id.message,
				  .direction = DIRECTION_OUTBOUND,
				  .status = STATUS_SENT,
				  .at = uuid_time(&d->id.message),
				  .text = d->text,
				  .attachments = d->attachments,
				  .attachments_n = d->attachments_n};
	struct uuid visitor;
	struct json_out j;
	struct visitor *x;
	struct buf b;
	bool there;

	*out = (struct outcome){.id = d->id,
				.token = d->token,
				.kind = OUTCOME_SENT,
				.reason = STR("away"),
				.external_ids = ref,
				.external_ids_n = 1};
	*ref = str_of(uuid_format(&d->id.message, id));
	if (d->to.scheme != SCHEME_VISITOR || !uuid_parse(str_of(d->to.value), &visitor)) {
		out->kind = OUTCOME_FAILED;
		out->reason = STR("not_a_visitor");
		out->external_ids_n = 0;
		return true;
	}
	x = visitors_find(&a->visitors, &visitor);
	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	web_entry_json(a, &j, &visitor, &h);
	there = web_tell(a, &visitor, "message", &d->id.message, buf_str(&b)) > 0 ||
		(x &&
		 loop_now(a->host->loop) - x->seen < a->set->away_after); /* or on its way back: a reload, a tunnel */
	buf_free(&b);
	if (there)
		out->reason = STR("shown");
	return !(there && held_add(a, d));
}

size_t web_submit(struct account *a, const struct delivery *v, size_t n)
{
	enum { ROUND = 32 };
	struct outcome out[ROUND];
	char ids[ROUND][UUID_TEXT];
	struct str refs[ROUND];
	size_t taken = n < ROUND ? n : ROUND, known = 0;

	if (a->stopping)
		return 0;
	for (size_t i = 0; i < taken; i++)
		if (deliver_one(a, &v[i], ids[known], &refs[known], &out[known]))
			known++;
	if (known)
		a->host->outcomes(a->host->self, out, known);
	if (taken < n)
		a->host->ready(a->host->self);
	return taken;
}

void web_send_signal(struct account *a, const struct address *to, enum signal_kind k, const struct uuid *upto)
{
	struct json_out j;
	struct uuid visitor;
	struct buf b;

	if (to->scheme != SCHEME_VISITOR || !uuid_parse(str_of(to->value), &visitor))
		return;
	buf_init(&b, 256);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	if (k == SIGNAL_READ)
		json_uuid(&j, "upto", upto);
	else
		json_bool(&j, "typing", k == SIGNAL_TYPING);
	json_end(&j);
	if (k == SIGNAL_READ || k == SIGNAL_TYPING || k == SIGNAL_STOPPED_TYPING)
		web_tell(a, &visitor, k == SIGNAL_READ ? "read" : "typing", NULL, buf_str(&b));
	buf_free(&b);
}
