/* See control.h. The bodies are tables, the same for reading and writing. */
#include "sms/control.h"

#include <stddef.h>

#include "sms/pdu_library.h"
#include "sms/status.h"

struct field {
	bool text;	 /* a C-octet string; else one octet */
	uint16_t offset; /* in struct control */
};

#define TEXT(m)                                   \
	{                                         \
		true, offsetof(struct control, m) \
	}
#define OCTET(m)                                   \
	{                                          \
		false, offsetof(struct control, m) \
	}

static const struct field bind[] = {TEXT(system_id), TEXT(password),  TEXT(system_type),  OCTET(interface_version),
				    OCTET(addr_ton), OCTET(addr_npi), TEXT(address_range)};
static const struct field outbind[] = {TEXT(system_id), TEXT(password)};
static const struct field answer[] = {TEXT(system_id)};

#define BODY(f) f, sizeof f / sizeof *f

static const struct layout {
	uint32_t command;
	const struct field *fields;
	size_t n;
} layouts[] = {
	{PDU_ENQUIRE_LINK, NULL, 0},	    {PDU_ENQUIRE_LINK_RESP, NULL, 0},
	{PDU_BIND_TRANSCEIVER, BODY(bind)}, {PDU_BIND_TRANSCEIVER_RESP, BODY(answer)},
	{PDU_BIND_TRANSMITTER, BODY(bind)}, {PDU_BIND_TRANSMITTER_RESP, BODY(answer)},
	{PDU_BIND_RECEIVER, BODY(bind)},    {PDU_BIND_RECEIVER_RESP, BODY(answer)},
	{PDU_OUTBIND, BODY(outbind)},	    {PDU_UNBIND, NULL, 0},
	{PDU_UNBIND_RESP, NULL, 0},	    {PDU_GENERIC_NACK, NULL, 0},
};

static const struct layout *layout_of(uint32_t command)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].command == command)
			return &layouts[i];
	return NULL;
}

bool control_is(uint32_t command) { return layout_of(command) != NULL; }

/* ---- reading ---- */

static int fail(struct pdu_fault *fault, uint32_t status, size_t at, const char *what)
{
	*fault = (struct pdu_fault){status, (uint32_t)at, what};
	return -1;
}

/* Reads the octet or text at *at; false: it does not end within the PDU or does not fit. */
static bool take(const struct field *f, struct str pdu, size_t *at, struct control *out)
{
	char *to = (char *)out + f->offset;
	size_t max = pdu.n - *at < CONTROL_TEXT ? pdu.n - *at : CONTROL_TEXT;
	const char *p = pdu.p + *at, *end = max ? memchr(p, 0, max) : NULL;

	if (!max || (f->text && !end))
		return false;
	if (!f->text) {
		*to = *p;
		*at += 1;
		return true;
	}
	memcpy(to, p, (size_t)(end - p) + 1);
	*at += (size_t)(end - p) + 1;
	return true;
}

/* Only sc_interface_version means something here; the rest has to be whole. */
static int take_tlvs(struct str pdu, size_t at, struct control *out, struct pdu_fault *fault)
{
	while (at < pdu.n) {
		uint32_t head;
		if (pdu.n - at < 4 || pdu.n - at - 4 < ((head = pdu_u32(pdu.p + at)) & 0xFFFF))
			return fail(fault, ESME_RINVOPTPARSTREAM, at, "an optional parameter is longer than the PDU");
		if (head == ((uint32_t)TLV_SC_INTERFACE_VERSION << 16 | 1))
			out->sc_version = (uint8_t)pdu.p[at + 4];
		at += 4 + (head & 0xFFFF);
	}
	return 0;
}

/* *end: where the mandatory part ends. */
static int parse(struct str pdu, struct control *out, size_t *end, struct pdu_fault *fault)
{
	struct pdu_header h;
	const struct layout *l;
	size_t at = PDU_HEADER;

	*out = (struct control){0};
	if (pdu.n < PDU_HEADER)
		return fail(fault, ESME_RINVCMDLEN, pdu.n, "shorter than a header");
	h = pdu_header(pdu.p);
	out->command = h.command;
	out->status = h.status;
	out->sequence = h.sequence;
	if (h.length != pdu.n)
		return fail(fault, ESME_RINVCMDLEN, 0, "command_length is not the length of the PDU");
	if (!(l = layout_of(h.command)))
		return fail(fault, ESME_RINVCMDID, 4, "not a PDU of the session");
	*end = at;
	if (l->n && pdu.n == PDU_HEADER && h.command & PDU_RESPONSE)
		return 0;
	for (size_t i = 0; i < l->n; i++)
		if (!take(&l->fields[i], pdu, &at, out))
			return fail(fault, ESME_RINVCMDLEN, at, "truncated, or a text field has no end");
	*end = at;
	out->body = true;
	return take_tlvs(pdu, at, out, fault);
}

int control_parse(struct str pdu, struct control *out, struct pdu_fault *fault)
{
	size_t end;

	return parse(pdu, out, &end, fault);
}

int control_read(struct str pdu, struct control *out, struct pdu_fault *fault)
{
	size_t end;

	if (parse(pdu, out, &end, fault))
		return -1;
	/* The library gets the mandatory part, known to be sound, and nothing else. */
	out->library = out->body && pdu_library_unpack(str_n(pdu.p, end), out);
	return 0;
}

/* ---- writing ---- */

int control_format(struct buf *b, const struct control *c)
{
	const struct layout *l = layout_of(c->command);
	static const char head[PDU_HEADER];
	size_t at = b->n;

	if (!l)
		return -1;
	buf_add(b, head, sizeof head);
	for (size_t i = 0; c->body && i < l->n; i++) {
		const char *from = (const char *)c + l->fields[i].offset;
		buf_add(b, from, l->fields[i].text ? strnlen(from, CONTROL_TEXT - 1) : 1);
		if (l->fields[i].text)
			buf_addc(b, 0);
	}
	if (b->failed)
		return -1;
	pdu_put_header(b->p + at, &(struct pdu_header){(uint32_t)(b->n - at), c->command, c->status, c->sequence});
	return 0;
}

int control_write(struct buf *b, struct control *c)
{
	if (!control_is(c->command))
		return -1;
	c->library = pdu_library_pack(c, b);
	return c->library ? 0 : b->failed ? -1 : control_format(b, c);
}
