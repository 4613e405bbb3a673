#include <poll.h>
#include <stdlib.h>

#include "floor.h"
#include "wire.h"

struct esme {
	int fd;
	long count, window, sent, answered, receipts;
	bool want_receipts, bound;
	struct buf in, out;
};

static void submit(struct esme *e)
{
	char text[160], to[32];
	struct wire_sm m = {.from = STR("40404"), .registered = e->want_receipts};
	size_t at = wire_begin(&e->out, WIRE_SUBMIT, 0, (uint32_t)e->sent + 2);

	snprintf(to, sizeof to, "49151%08ld", e->sent % 100000);
	m.to = str_of(to);
	m.text = str_n(text,
		       (size_t)snprintf(text, sizeof text,
					"N%ld Dear customer, your parcel is out for delivery today between nine and "
					"eleven",
					e->sent));
	wire_add_sm(&e->out, &m);
	wire_end(&e->out, at);
	e->sent++;
}

static void on_pdu(struct esme *e, const struct wire_head *h, struct str body)
{
	struct wire_sm m;

	if (h->command == (WIRE_BIND_TRX | WIRE_ANSWER))
		e->bound = h->status == WIRE_OK;
	else if (h->command == (WIRE_SUBMIT | WIRE_ANSWER))
		e->answered++;
	else if (h->command == WIRE_DELIVER && wire_sm(body, &m)) {
		size_t at = wire_begin(&e->out, WIRE_DELIVER | WIRE_ANSWER, WIRE_OK, h->sequence);
		buf_addc(&e->out, 0);
		wire_end(&e->out, at);
		e->receipts++;
	}
}

static void round_once(struct esme *e)
{
	struct pollfd p = {.fd = e->fd, .events = POLLIN};
	size_t at = 0;

	if (kit_write(e->fd, &e->out) < 0)
		kit_die("write");
	if (e->out.n)
		p.events |= POLLOUT;
	poll(&p, 1, -1);
	if (kit_read(e->fd, &e->in) < 0)
		kit_die("read");
	while (e->in.n - at >= WIRE_HEADER) {
		struct wire_head h = wire_head(e->in.p + at);
		if (e->in.n - at < h.length)
			break;
		on_pdu(e, &h, str_n(e->in.p + at + WIRE_HEADER, h.length - WIRE_HEADER));
		at += h.length;
	}
	buf_consume(&e->in, at);
}

void floor_smpp(int port, long count, long window, bool receipts)
{
	struct esme e = {.count = count, .window = window, .want_receipts = receipts};
	static const char version[] = {0x34, 0, 0, 0}; /* interface_version, addr_ton, addr_npi, address_range */
	uint64_t start;
	double cpu;
	size_t at;

	e.fd = kit_connect(port, 1);
	buf_init(&e.in, 1 << 24);
	buf_init(&e.out, 1 << 24);
	at = wire_begin(&e.out, WIRE_BIND_TRX, 0, 1);
	wire_add_text(&e.out, STR("bench"));
	wire_add_text(&e.out, STR("bench"));
	wire_add_text(&e.out, STR(""));
	buf_add(&e.out, version, sizeof version);
	wire_end(&e.out, at);
	while (!e.bound)
		round_once(&e);
	start = kit_now();
	cpu = kit_cpu();
	while (e.answered < count || (receipts && e.receipts < count)) {
		while (e.sent < count && e.sent - e.answered < window)
			submit(&e);
		round_once(&e);
	}
	kit_write(e.fd, &e.out);
	floor_tell("smpp", count, kit_cpu() - cpu, kit_now() - start);
	buf_free(&e.in);
	buf_free(&e.out);
}
