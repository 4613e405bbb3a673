/*
 * The PDUs of a link. The header is read here, before any codec sees a byte (SMPP 3.4 section 3.2): answers are matched by
 * the sequence number and the status from the header alone, so that a body which does not decode costs that body and
 * not the session. A length that cannot be right means that the stream is out of step: generic_nack, and the link is
 * closed. An unknown request gets a generic_nack and the session goes on.
 */
#include <string.h>

#include "base/log.h"
#include "sms/account.h"
#include "sms/control.h"
#include "sms/status.h"

static void trace(const struct link *l, const char *direction, uint32_t command, uint32_t seq, uint32_t status)
{
	log_debug(direction, "account", l->a->host->name, "link", l->name, "command", pdu_command_name(command),
		  "sequence", LOG_INT(seq), "status", sms_status_name(status), LOG_END);
}

/* ---- out ---- */

void session_put(struct link *l, uint32_t command, uint32_t seq, uint32_t status, struct str body)
{
	char head[PDU_HEADER];

	pdu_put_header(head, &(struct pdu_header){(uint32_t)(sizeof head + body.n), command, status, seq});
	buf_add(transport_output(&l->t), head, sizeof head);
	buf_add(transport_output(&l->t), body.p, body.n);
	trace(l, "smpp.out", command, seq, status);
	account_flush_soon(l->a);
}

/* Out of memory: the flush that follows closes the link. */
static void put_control(struct link *l, struct control *c)
{
	(void)control_write(transport_output(&l->t), c);
	trace(l, "smpp.out", c->command, c->sequence, c->status);
	account_flush_soon(l->a);
}

static void put_bare(struct link *l, uint32_t command, uint32_t seq, uint32_t status)
{
	put_control(l, &(struct control){.command = command, .status = status, .sequence = seq});
}

static void set_text(char to[CONTROL_TEXT], const char *from)
{
	size_t n = from ? strnlen(from, CONTROL_TEXT - 1) : 0;

	if (n)
		memcpy(to, from, n);
}

void session_bind(struct link *l)
{
	static const uint32_t commands[] = {PDU_BIND_TRANSCEIVER, PDU_BIND_TRANSMITTER, PDU_BIND_RECEIVER};
	const struct sms_settings *s = l->a->set;
	struct control c = {.command = commands[l->bind], .body = true, .interface_version = 0x34};

	set_text(c.system_id, s->system_id);
	set_text(c.password, s->password);
	set_text(c.system_type, s->system_type);
	set_text(c.address_range, s->address_range);
	l->bind_seq = c.sequence = window_number(&l->window);
	put_control(l, &c);
}

void session_enquire(struct link *l)
{
	l->enquire_seq = window_number(&l->window);
	l->enquired_at = loop_now(l->a->host->loop);
	put_bare(l, PDU_ENQUIRE_LINK, l->enquire_seq, 0);
}

void session_unbind(struct link *l)
{
	l->unbind_seq = window_number(&l->window);
	put_bare(l, PDU_UNBIND, l->unbind_seq, 0);
}

void session_nack(struct link *l, uint32_t seq, uint32_t status) { put_bare(l, PDU_GENERIC_NACK, seq, status); }

/* ---- in ---- */

struct incoming {
	uint32_t command, status, seq;
	struct str pdu; /* whole, with the header */
};

static struct str body_of(const struct incoming *in) { return str_n(in->pdu.p + 16, in->pdu.n - 16); }

/* Who answered, for the log. A body that does not decode costs nothing: the header says what counts. */
static void read_peer(struct link *l, const struct incoming *in)
{
	struct pdu_fault fault = {0};
	struct control c;

	if (control_read(in->pdu, &c, &fault))
		log_info("smpp.bad_pdu", "account", l->a->host->name, "link", l->name, "command",
			 pdu_command_name(in->command), "sequence", LOG_INT(in->seq), "reason", fault.what, "octet",
			 LOG_INT(fault.at), LOG_END);
	memcpy(l->peer, c.system_id, sizeof l->peer - 1);
	l->peer_version = c.sc_version;
}

static void on_bind_resp(struct link *l, const struct incoming *in)
{
	if (l->state != LINK_BINDING || in->seq != l->bind_seq) {
		l->a->figures.late++;
		return;
	}
	l->bind_seq = 0;
	if (in->status) {
		link_refused(l, in->status);
		return;
	}
	read_peer(l, in);
	link_bound(l);
}

static void on_submit_resp(struct link *l, const struct incoming *in)
{
	struct str body = body_of(in);
	const char *end = body.n ? memchr(body.p, 0, body.n) : NULL;

	submit_answered(l, in->seq, in->status, str_n(body.p, end ? (size_t)(end - body.p) : body.n));
}

static void on_nack(struct link *l, const struct incoming *in)
{
	uint32_t status = in->status ? in->status : ESME_RUNKNOWNERR;

	if (in->seq && in->seq == l->bind_seq)
		link_refused(l, status);
	else if (in->seq && in->seq == l->enquire_seq)
		l->enquire_seq = 0; /* it does not know the command, but it lives */
	else if (in->seq && in->seq == l->unbind_seq)
		link_unbound(l);
	else if (query_is(l, in->seq))
		query_answered(l, in->seq, status, STR(""));
	else
		submit_answered(l, in->seq, status, STR(""));
}

static void on_enquire(struct link *l, const struct incoming *in) { put_bare(l, PDU_ENQUIRE_LINK_RESP, in->seq, 0); }

static void on_enquire_resp(struct link *l, const struct incoming *in)
{
	if (in->seq == l->enquire_seq)
		l->enquire_seq = 0;
	else
		l->a->figures.late++;
}

static void on_unbind(struct link *l, const struct incoming *in)
{
	put_bare(l, PDU_UNBIND_RESP, in->seq, 0);
	transport_flush(&l->t);
	link_unbound(l);
}

static void on_unbind_resp(struct link *l, const struct incoming *in)
{
	if (in->seq == l->unbind_seq)
		link_unbound(l);
	else
		l->a->figures.late++;
}

static void on_message(struct link *l, const struct incoming *in)
{
	if (l->state == LINK_BOUND || l->state == LINK_UNBINDING)
		inbound_take(l, in->command, in->seq, in->pdu);
	else
		inbound_answer(l, in->command, in->seq, ESME_RINVBNDSTS);
}

static void on_query_resp(struct link *l, const struct incoming *in)
{
	query_answered(l, in->seq, in->status, body_of(in));
}

static void on_nothing(struct link *l, const struct incoming *in)
{
	(void)l;
	(void)in;
}

static const struct {
	uint32_t command;
	void (*take)(struct link *l, const struct incoming *in);
} commands[] = {
	{PDU_SUBMIT_SM_RESP, on_submit_resp},
	{PDU_DELIVER_SM, on_message},
	{PDU_QUERY_SM_RESP, on_query_resp},
	{PDU_CANCEL_SM_RESP, on_nothing}, /* the trace has it; nobody waits for it */
	{PDU_DATA_SM, on_message},
	{PDU_ENQUIRE_LINK, on_enquire},
	{PDU_ENQUIRE_LINK_RESP, on_enquire_resp},
	{PDU_GENERIC_NACK, on_nack},
	{PDU_BIND_TRANSCEIVER_RESP, on_bind_resp},
	{PDU_BIND_TRANSMITTER_RESP, on_bind_resp},
	{PDU_BIND_RECEIVER_RESP, on_bind_resp},
	{PDU_UNBIND, on_unbind},
	{PDU_UNBIND_RESP, on_unbind_resp},
	{PDU_ALERT_NOTIFICATION, on_nothing}, /* has no answer (section 4.12) */
	{PDU_OUTBIND, on_nothing},	      /* likewise (section 4.1.7) */
};

static void take(struct link *l, const struct incoming *in)
{
	if (in->command != PDU_SUBMIT_SM_RESP && in->command != PDU_DELIVER_SM)
		trace(l, "smpp.in", in->command, in->seq, in->status);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].command == in->command) {
			commands[i].take(l, in);
			return;
		}
	l->a->figures.bad++;
	if (!(in->command & PDU_RESPONSE)) /* an unknown answer is not answered */
		session_nack(l, in->seq, ESME_RINVCMDID);
}

static void out_of_step(struct link *l, uint32_t seq, const char *why)
{
	l->a->figures.bad++;
	session_nack(l, seq, ESME_RINVCMDLEN);
	transport_flush(&l->t);
	link_lost(l, why);
}

void session_data(struct link *l)
{
	uint32_t generation = l->generation;

	while (l->generation == generation && transport_is_open(&l->t)) {
		struct str in = transport_input(&l->t);
		struct pdu_header h;
		uint32_t n;
		if (l->held_back || in.n < 4)
			return;
		n = pdu_u32(in.p);
		if (n < 16 || n > PDU_MAX) {
			out_of_step(l, in.n >= 16 ? pdu_u32(in.p + 12) : 0, n < 16 ? "PDU too short" : "PDU too long");
			return;
		}
		if (in.n < n)
			return;
		h = pdu_header(in.p);
		transport_eat(&l->t, n); /* the bytes stay where they are until the next read */
		take(l, &(struct incoming){h.command, h.status, h.sequence, str_n(in.p, n)});
		if (l->generation == generation)
			link_hold_back(l);
	}
}
