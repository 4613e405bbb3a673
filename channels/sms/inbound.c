/*
 * Inbound: deliver_sm and data_sm become messages or receipts for the host, and are answered when the host has committed
 * them, not before (rule "durable before answered").
 *
 *   ACCEPTED, DUPLICATE  ESME_ROK
 *   BUSY                 ESME_RX_T_APPN: the SMSC tries again
 *   REJECTED             ESME_RX_P_APPN: it need not
 *
 * A PDU that does not decode gets a generic_nack that says why; the session goes on, since its framing held.
 * Parts of a long message go to the host one by one, with their reference; it puts them together durably.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "sms/account.h"
#include "sms/coding.h"
#include "sms/number.h"
#include "sms/pdu.h"
#include "sms/receipt.h"
#include "sms/status.h"
#include "sms/udh.h"

/* ---- PDUs that wait for their commit ---- */

enum { CHUNK = 64 };

struct pending_chunk {
	struct pending_chunk *next;
	struct pending v[CHUNK];
};

struct pending_pool *pending_new(struct account *a)
{
	struct pending_pool *p = calloc(1, sizeof *p);

	if (p)
		p->a = a;
	return p;
}

static void pool_free(struct pending_pool *pool)
{
	for (struct pending_chunk *c = pool->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(pool);
}

void pending_release(struct pending_pool **p)
{
	struct pending_pool *pool = *p;

	*p = NULL;
	if (!pool)
		return;
	pool->a = NULL;
	if (!pool->live)
		pool_free(pool); /* else the last answer does it */
}

static struct pending *pending_get(struct pending_pool *pool)
{
	struct pending *p = pool->free;

	if (!p) {
		struct pending_chunk *c = calloc(1, sizeof *c);
		if (!c)
			return NULL;
		c->next = pool->chunks;
		pool->chunks = c;
		for (int i = 0; i < CHUNK; i++) {
			c->v[i].pool = pool;
			c->v[i].next = pool->free;
			pool->free = &c->v[i];
		}
		p = pool->free;
	}
	pool->free = p->next;
	pool->live++;
	return p;
}

static void pending_put(struct pending *p)
{
	struct pending_pool *pool = p->pool;

	p->next = pool->free;
	pool->free = p;
	if (!--pool->live && !pool->a)
		pool_free(pool);
}

/* ---- answers ---- */

void inbound_answer(struct link *l, uint32_t command, uint32_t seq, uint32_t status)
{
	session_put(l, command | PDU_RESPONSE, seq, status, str_n("", 1)); /* message_id: unused, so empty */
}

static uint32_t status_of(enum intake_answer answer)
{
	switch (answer) {
	case INTAKE_ACCEPTED:
	case INTAKE_DUPLICATE: return 0;
	case INTAKE_REJECTED: return ESME_RX_P_APPN;
	case INTAKE_BUSY: break;
	}
	return ESME_RX_T_APPN;
}

/* The link may have been lost and bound anew, the account may be gone: then the SMSC delivers again, and the host knows
 * it for a duplicate. */
static void done(void *arg, const struct intake_result *r)
{
	struct pending *p = arg;
	struct account *a = p->pool->a;
	struct link *l = p->link;

	if (a && l->generation == p->generation && transport_is_open(&l->t)) {
		l->inbound--;
		inbound_answer(l, p->command, p->seq, status_of(r->answer));
	} else if (a)
		account_flush_soon(a);
	pending_put(p);
}

static struct pending *expect(struct link *l, uint32_t command, uint32_t seq)
{
	struct pending *p = pending_get(l->a->pending);

	if (!p)
		return NULL;
	p->link = l;
	p->generation = l->generation;
	p->seq = seq;
	p->command = command;
	l->inbound++;
	return p;
}

/* ---- receipts ---- */

static struct str without_end(struct str s) /* receipted_message_id is a C-octet string, mostly */
{
	while (s.n && s.p[s.n - 1] == 0)
		s.n--;
	return s;
}

/* hex ↔ decimal where the account says that this SMSC's receipts need it; what does not convert stays. */
static struct str id_by_rule(const struct sms_settings *set, struct str id, char out[24])
{
	uint64_t v = 0;
	unsigned base = set->receipt_id == SMS_RECEIPT_ID_HEX_TO_DEC ? 16 : 10;

	if (set->receipt_id == SMS_RECEIPT_ID_AUTO || !id.n || id.n > 16)
		return id;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i] >= 'A' && id.p[i] <= 'F' ? (char)(id.p[i] + 32) : id.p[i];
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;
		if (digit >= base)
			return id;
		v = v * base + digit;
	}
	return str_n(out, (size_t)snprintf(out, 24, base == 16 ? "%llu" : "%llx", (unsigned long long)v));
}

struct read {
	struct pdu_message m;
	struct udh udh;
	struct str body; /* behind the header */
	struct receipt_text receipt;
	struct str text; /* UTF-8, in the account's scratch */
	bool is_text;
};

/* By esm_class, by the parameters that only receipts carry, or by a text that can be nothing else. */
static bool is_receipt(const struct read *x)
{
	uint8_t type = x->m.esm_class & ESM_TYPE;
	bool tlv = pdu_tlv_find(&x->m, TLV_RECEIPTED_MESSAGE_ID).p != NULL;

	if (type == ESM_RECEIPT || type == ESM_INTERMEDIATE)
		return tlv || x->receipt.id.n;
	return (tlv && pdu_tlv_find(&x->m, TLV_MESSAGE_STATE).p) ||
	       (x->receipt.typical && x->receipt.state && !x->udh.total);
}

static void give_receipt(struct link *l, const struct read *x, struct pending *p)
{
	struct account *a = l->a;
	struct str id = without_end(pdu_tlv_find(&x->m, TLV_RECEIPTED_MESSAGE_ID));
	struct str error = pdu_tlv_find(&x->m, TLV_NETWORK_ERROR_CODE);
	int64_t state = pdu_tlv_number(&x->m, TLV_MESSAGE_STATE);
	char number[24], code[8];
	struct receipt r = {.account = str_of(a->host->name), .at = x->receipt.done_at, .error_code = x->receipt.err};

	if (r.at && !x->receipt.zoned)
		r.at -= a->receipt_offset;
	if (!id.n)
		id = x->receipt.id;
	if (state < 1 || state > 8)
		state = x->receipt.state;
	if (!r.error_code.n && error.n == 3) /* network type and number (section 5.3.2.31) */
		r.error_code = str_n(code, (size_t)snprintf(code, sizeof code, "%03u",
							    (unsigned)(uint8_t)error.p[1] << 8 | (uint8_t)error.p[2]));
	r.external_id = id_by_rule(a->set, id, number);
	r.status = receipt_status((int)state);
	if ((x->m.esm_class & ESM_TYPE) == ESM_INTERMEDIATE && r.status != STATUS_DELIVERED)
		r.status = STATUS_SENT; /* still under way: an event only */
	r.raw_state = x->receipt.stat.n ? x->receipt.stat : str_of(receipt_state_short((int)state));
	numbers_read(a->numbers, x->m.source, x->m.source_ton, &r.from);
	numbers_read(a->numbers, x->m.dest, x->m.dest_ton, &r.to);
	a->figures.receipts++;
	if (r.status != STATUS_SENT)
		query_settled(a, r.external_id);
	a->host->receipt(a->host->self, &r, done, p);
}

/* ---- messages ---- */

static void metadata_of(const struct read *x, struct buf *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_obj(&j, NULL);
	json_int(&j, "data_coding", x->m.data_coding);
	if (x->m.protocol_id)
		json_int(&j, "protocol_id", x->m.protocol_id);
	if (x->m.service_type.n)
		json_str(&j, "service_type", x->m.service_type);
	if (x->udh.dest_port >= 0) {
		json_int(&j, "source_port", x->udh.source_port);
		json_int(&j, "destination_port", x->udh.dest_port);
	}
	json_end(&j);
}

static void set_part(const struct read *x, struct inbound *in)
{
	int64_t ref = pdu_tlv_number(&x->m, TLV_SAR_MSG_REF_NUM), total = pdu_tlv_number(&x->m, TLV_SAR_TOTAL_SEGMENTS),
		seq = pdu_tlv_number(&x->m, TLV_SAR_SEGMENT_SEQNUM);

	if (x->udh.width) {
		ref = x->udh.ref;
		total = x->udh.total;
		seq = x->udh.seq;
		in->part.width = x->udh.width;
	}
	if (ref < 0 || total < 2 || total > 255 || seq < 1 || seq > total) {
		in->part.width = 0;
		return; /* whole, or a part that cannot be placed: kept as it is */
	}
	in->part.ref = (uint32_t)ref;
	in->part.total = (uint8_t)total;
	in->part.seq = (uint8_t)seq;
}

static void give_message(struct link *l, const struct read *x, struct pending *p)
{
	struct account *a = l->a;
	struct inbound in = {.channel = CHANNEL_SMS, .account = str_of(a->host->name), .text = x->text};
	struct buf metadata;

	buf_init(&metadata, 4096);
	numbers_read(a->numbers, x->m.source, x->m.source_ton, &in.from);
	numbers_read(a->numbers, x->m.dest, x->m.dest_ton, &in.to);
	set_part(x, &in);
	if (in.part.total > 1 && x->is_text)
		coding_halves(x->m.data_coding, x->body, &a->text);
	if (x->m.data_coding || x->m.protocol_id || x->m.service_type.n || x->udh.dest_port >= 0) {
		metadata_of(x, &metadata);
		in.metadata = metadata.failed ? STR("") : buf_str(&metadata);
	}
	a->host->received(a->host->self, &in, done, p);
	buf_free(&metadata);
}

/* Bytes that are no text are shown in hexadecimal, so that the timeline tells that something came; an empty text is a
 * blank, since a message without content would not be one. */
static void text_of(struct account *a, struct read *x)
{
	static const char digits[] = "0123456789ABCDEF";
	struct buf *b = &a->text;

	buf_reset(b);
	x->is_text = coding_decode(x->m.data_coding, (enum sms_alphabet)a->set->alphabet, x->udh.tables, x->udh.length,
				   x->body, b);
	if (!x->is_text)
		for (size_t i = 0; i < x->body.n; i++) {
			buf_addc(b, digits[(uint8_t)x->body.p[i] >> 4]);
			buf_addc(b, digits[(uint8_t)x->body.p[i] & 15]);
		}
	if (!b->n)
		buf_addc(b, ' ');
	x->text = buf_str(b);
}

static void read_body(struct account *a, struct read *x)
{
	x->udh = (struct udh){.source_port = -1, .dest_port = -1};
	x->body = x->m.body;
	if (x->m.esm_class & ESM_UDHI && udh_read(x->body, &x->udh))
		x->body = str_n(x->body.p + x->udh.length, x->body.n - x->udh.length);
	text_of(a, x);
	x->receipt = (struct receipt_text){0};
	if (x->is_text)
		receipt_parse(x->text, &x->receipt);
}

/* A peer can send many: one of them a second is told. */
static void bad_pdu(struct link *l, uint32_t command, uint32_t seq, const struct pdu_fault *fault)
{
	struct account *a = l->a;
	int64_t now = loop_now(a->host->loop);

	a->figures.bad++;
	if (now - a->told_bad < US_SEC)
		return;
	a->told_bad = now;
	log_info("smpp.bad_pdu", "account", a->host->name, "link", l->name, "command", pdu_command_name(command),
		 "sequence", LOG_INT(seq), "reason", fault->what, "octet", LOG_INT(fault->at), LOG_END);
}

void inbound_take(struct link *l, uint32_t command, uint32_t seq, struct str pdu)
{
	struct account *a = l->a;
	struct pdu_fault fault = {0};
	struct pending *p;
	struct read x;
	bool receipt;

	if (pdu_read_message(pdu, &x.m, &fault)) {
		bad_pdu(l, command, seq, &fault);
		session_nack(l, seq, fault.status);
		return;
	}
	if (x.m.cut)
		bad_pdu(l, command, seq, &(struct pdu_fault){0, (uint32_t)pdu.n, "taken, though its end is cut off"});
	*(command == PDU_DATA_SM ? &a->figures.data : &a->figures.deliver) += 1;
	read_body(a, &x);
	receipt = is_receipt(&x);
	log_debug("smpp.in", "account", a->host->name, "link", l->name, "command", pdu_command_name(command),
		  "sequence", LOG_INT(seq), "receipt", receipt ? "yes" : "no", LOG_END);
	p = a->stopping || (a->paused && !receipt) || a->text.failed ? NULL : expect(l, command, seq);
	if (!p)
		inbound_answer(l, command, seq, ESME_RX_T_APPN);
	else if (receipt)
		give_receipt(l, &x, p);
	else
		give_message(l, &x, p);
}
