/* See pdu_library.h. */
#include "sms/pdu_library.h"

#include <netinet/in.h> /* the library's headers need it */

#include <libsmpp34/smpp34.h>
#include <libsmpp34/smpp34_structs.h>

enum { LARGEST = 128 }; /* a bind has at most 98 octets */

/* The three binds have one layout, as have their answers, and all PDUs without body. */
union packet {
	enquire_link_t bare;
	bind_transceiver_t bind;
	bind_transceiver_resp_t answer;
	outbind_t outbind;
};
_Static_assert(sizeof(bind_receiver_t) == sizeof(bind_transceiver_t) &&
		       sizeof(bind_transmitter_t) == sizeof(bind_transceiver_t) &&
		       sizeof(bind_receiver_resp_t) == sizeof(bind_transceiver_resp_t) &&
		       sizeof(bind_transmitter_resp_t) == sizeof(bind_transceiver_resp_t) &&
		       sizeof(generic_nack_t) == sizeof(enquire_link_t) && sizeof(unbind_t) == sizeof(enquire_link_t),
	       "the binds of libsmpp34 are alike");

/* False: longer than the standard permits. */
static bool put(uint8_t *to, size_t size, const char *from)
{
	size_t n = strnlen(from, CONTROL_TEXT);

	if (n >= size)
		return false;
	memcpy(to, from, n);
	return true;
}

static bool fill(const struct control *c, union packet *p)
{
	p->bare.command_id = c->command;
	p->bare.command_status = c->status;
	p->bare.sequence_number = c->sequence;
	switch (c->command) {
	case PDU_BIND_RECEIVER:
	case PDU_BIND_TRANSMITTER:
	case PDU_BIND_TRANSCEIVER:
		p->bind.interface_version = c->interface_version;
		p->bind.addr_ton = c->addr_ton;
		p->bind.addr_npi = c->addr_npi;
		return put(p->bind.system_id, sizeof p->bind.system_id, c->system_id) &&
		       put(p->bind.password, sizeof p->bind.password, c->password) &&
		       put(p->bind.system_type, sizeof p->bind.system_type, c->system_type) &&
		       put(p->bind.address_range, sizeof p->bind.address_range, c->address_range);
	case PDU_BIND_RECEIVER_RESP:
	case PDU_BIND_TRANSMITTER_RESP:
	case PDU_BIND_TRANSCEIVER_RESP:
		return c->body && put(p->answer.system_id, sizeof p->answer.system_id, c->system_id);
	case PDU_OUTBIND:
		return put(p->outbind.system_id, sizeof p->outbind.system_id, c->system_id) &&
		       put(p->outbind.password, sizeof p->outbind.password, c->password);
	default: return true;
	}
}

bool pdu_library_pack(const struct control *c, struct buf *b)
{
	uint8_t out[LARGEST];
	union packet p;
	int n = 0;

	memset(&p, 0, sizeof p);
	if (!fill(c, &p) || smpp34_pack2(out, sizeof out, &n, &p) || n < PDU_HEADER || n > LARGEST)
		return false;
	buf_add(b, out, (size_t)n);
	return !b->failed;
}

static void get(char to[CONTROL_TEXT], const uint8_t *from, size_t size)
{
	size_t n = strnlen((const char *)from, size);

	memcpy(to, from, n);
	to[n] = 0;
}

static void take(const union packet *p, struct control *out)
{
	switch (out->command) {
	case PDU_BIND_RECEIVER:
	case PDU_BIND_TRANSMITTER:
	case PDU_BIND_TRANSCEIVER:
		get(out->system_id, p->bind.system_id, sizeof p->bind.system_id);
		get(out->password, p->bind.password, sizeof p->bind.password);
		get(out->system_type, p->bind.system_type, sizeof p->bind.system_type);
		get(out->address_range, p->bind.address_range, sizeof p->bind.address_range);
		out->interface_version = p->bind.interface_version;
		out->addr_ton = p->bind.addr_ton;
		out->addr_npi = p->bind.addr_npi;
		break;
	case PDU_BIND_RECEIVER_RESP:
	case PDU_BIND_TRANSMITTER_RESP:
	case PDU_BIND_TRANSCEIVER_RESP: get(out->system_id, p->answer.system_id, sizeof p->answer.system_id); break;
	case PDU_OUTBIND:
		get(out->system_id, p->outbind.system_id, sizeof p->outbind.system_id);
		get(out->password, p->outbind.password, sizeof p->outbind.password);
		break;
	default: break;
	}
}

bool pdu_library_unpack(struct str pdu, struct control *out)
{
	uint8_t in[LARGEST + 1];
	union packet p;

	if (pdu.n > LARGEST)
		return false;
	memset(in, 0, sizeof in);
	memset(&p, 0, sizeof p);
	memcpy(in, pdu.p, pdu.n);
	/* Without the optional parameters it is shorter; status and number are known from the header. */
	pdu_put_header((char *)in, &(struct pdu_header){(uint32_t)pdu.n, out->command, 0, 1});
	if (smpp34_unpack2(&p, in, (int)pdu.n))
		return false;
	take(&p, out);
	return true;
}
