#include "wire.h"

enum { TLV_RECEIPTED_ID = 0x001e, TLV_PAYLOAD = 0x0424 };

uint32_t wire_get32(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(uint8_t)(v >> (24 - 8 * i));
}

struct wire_head wire_head(const char *p)
{
	return (struct wire_head){wire_get32(p), wire_get32(p + 4), wire_get32(p + 8), wire_get32(p + 12)};
}

bool wire_text(struct str *body, struct str *out)
{
	const char *end = body->n ? memchr(body->p, 0, body->n) : NULL;

	if (!end)
		return false;
	*out = str_n(body->p, (size_t)(end - body->p));
	*body = str_n(end + 1, body->n - out->n - 1);
	return true;
}

static bool octet(struct str *body, uint8_t *out)
{
	if (!body->n)
		return false;
	*out = (uint8_t)*body->p;
	*body = str_n(body->p + 1, body->n - 1);
	return true;
}

static bool tlvs(struct str body, struct wire_sm *out)
{
	while (body.n >= 4) {
		uint32_t both = wire_get32(body.p), tag = both >> 16;
		size_t n = both & 0xffff;
		if (body.n - 4 < n)
			return false;
		if (tag == TLV_PAYLOAD)
			out->text = str_n(body.p + 4, n);
		if (tag == TLV_RECEIPTED_ID)
			out->receipted_id = str_n(body.p + 4, n && body.p[4 + n - 1] == 0 ? n - 1 : n);
		body = str_n(body.p + 4 + n, body.n - 4 - n);
	}
	return body.n == 0;
}

bool wire_sm(struct str b, struct wire_sm *out)
{
	struct str skip;
	uint8_t o, length;

	*out = (struct wire_sm){0};
	if (!wire_text(&b, &skip) || !octet(&b, &o) || !octet(&b, &o) || !wire_text(&b, &out->from) || !octet(&b, &o) ||
	    !octet(&b, &o) || !wire_text(&b, &out->to) || !octet(&b, &out->esm_class) || !octet(&b, &o) ||
	    !octet(&b, &o) || !wire_text(&b, &skip) || !wire_text(&b, &skip) || !octet(&b, &out->registered) ||
	    !octet(&b, &o) || !octet(&b, &out->coding) || !octet(&b, &o) || !octet(&b, &length) || b.n < length)
		return false;
	out->text = str_n(b.p, length);
	return tlvs(str_n(b.p + length, b.n - length), out);
}

size_t wire_begin(struct buf *b, uint32_t command, uint32_t status, uint32_t sequence)
{
	size_t at = b->n;
	char *p = buf_room(b, WIRE_HEADER);

	if (!p)
		return at;
	put32(p, 0);
	put32(p + 4, command);
	put32(p + 8, status);
	put32(p + 12, sequence);
	b->n += WIRE_HEADER;
	return at;
}

void wire_end(struct buf *b, size_t began)
{
	if (!b->failed)
		put32(b->p + began, (uint32_t)(b->n - began));
}

void wire_empty(struct buf *b, uint32_t command, uint32_t status, uint32_t sequence)
{
	wire_end(b, wire_begin(b, command, status, sequence));
}

void wire_add_text(struct buf *b, struct str s)
{
	buf_addstr(b, s);
	buf_addc(b, 0);
}

static void add_address(struct buf *b, struct str s)
{
	char number = (char)(s.n && s.p[0] >= '0' && s.p[0] <= '9');

	buf_addc(b, number); /* TON: international or unknown */
	buf_addc(b, number); /* NPI: ISDN or unknown */
	wire_add_text(b, s);
}

void wire_add_sm(struct buf *b, const struct wire_sm *m)
{
	/* after the addresses: esm_class, protocol_id, priority, schedule, validity, registered, replace, coding, default */
	const char middle[] = {(char)m->esm_class, 0, 0, 0, 0, (char)m->registered, 0, (char)m->coding, 0};

	buf_addc(b, 0); /* service_type */
	add_address(b, m->from);
	add_address(b, m->to);
	buf_add(b, middle, sizeof middle);
	buf_addc(b, (char)(uint8_t)m->text.n);
	buf_addstr(b, m->text);
}

void wire_add_tlv(struct buf *b, uint16_t tag, const void *p, size_t n)
{
	char head[4];

	put32(head, (uint32_t)tag << 16 | (uint32_t)n);
	buf_add(b, head, sizeof head);
	buf_add(b, p, n);
}
