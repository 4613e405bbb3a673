/* See udh.h. */
#include "sms/udh.h"

enum { CONCAT8 = 0x00, PORTS8 = 0x04, PORTS16 = 0x05, CONCAT16 = 0x08, SINGLE_SHIFT = 0x24, LOCKING_SHIFT = 0x25 };

static void element(struct udh *u, uint8_t id, const uint8_t *v, size_t n)
{
	switch (id) {
	case CONCAT8:
		if (n == 3) {
			u->width = 8;
			u->ref = v[0];
			u->total = v[1];
			u->seq = v[2];
		}
		break;
	case CONCAT16:
		if (n == 4) {
			u->width = 16;
			u->ref = (uint16_t)(v[0] << 8 | v[1]);
			u->total = v[2];
			u->seq = v[3];
		}
		break;
	case PORTS8:
		if (n == 2) {
			u->dest_port = v[0];
			u->source_port = v[1];
		}
		break;
	case PORTS16:
		if (n == 4) {
			u->dest_port = v[0] << 8 | v[1];
			u->source_port = v[2] << 8 | v[3];
		}
		break;
	case SINGLE_SHIFT:
		if (n == 1 && v[0] <= GSM7_PORTUGUESE)
			u->tables.single = v[0];
		break;
	case LOCKING_SHIFT:
		if (n == 1 && v[0] <= GSM7_PORTUGUESE)
			u->tables.locking = v[0];
		break;
	default: break;
	}
}

bool udh_read(struct str data, struct udh *out)
{
	const uint8_t *p = (const uint8_t *)data.p;
	size_t length = data.n ? (size_t)p[0] + 1 : 0, at = 1;
	struct udh u = {.length = length, .source_port = -1, .dest_port = -1};

	*out = (struct udh){.source_port = -1, .dest_port = -1};
	if (!length || length > data.n)
		return false;
	while (at < length) {
		if (length - at < 2 || length - at - 2 < p[at + 1])
			return false;
		element(&u, p[at], p + at + 2, p[at + 1]);
		at += 2u + p[at + 1];
	}
	*out = u;
	return true;
}

void udh_write(struct buf *b, const struct udh *u)
{
	size_t at = b->n;

	buf_addc(b, 0);
	if (u->total > 1 && u->width == 16) {
		char e[] = {CONCAT16, 4, (char)(u->ref >> 8), (char)u->ref, (char)u->total, (char)u->seq};
		buf_add(b, e, sizeof e);
	} else if (u->total > 1) {
		char e[] = {CONCAT8, 3, (char)u->ref, (char)u->total, (char)u->seq};
		buf_add(b, e, sizeof e);
	}
	if (u->tables.single) {
		char e[] = {SINGLE_SHIFT, 1, (char)u->tables.single};
		buf_add(b, e, sizeof e);
	}
	if (u->tables.locking) {
		char e[] = {LOCKING_SHIFT, 1, (char)u->tables.locking};
		buf_add(b, e, sizeof e);
	}
	if (b->failed)
		return;
	if (b->n == at + 1)
		b->n = at;
	else
		b->p[at] = (char)(b->n - at - 1);
}
