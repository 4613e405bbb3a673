/*
 * A delivery becomes its submit_sm PDUs, complete but for the sequence number. Done when the host offers it, so that
 * nothing of the host's memory is kept and the window can be filled by copying bytes.
 *
 * The reference of a long message is made from the delivery's id: an attempt that is repeated has the same one, and a
 * handset that already holds some of the parts takes the others for the rest of the same message.
 */
#include "base/clock.h"
#include "sms/account.h"
#include "sms/coding.h"
#include "sms/udh.h"
#include "sms/wish.h"

enum { TIME_OCTETS = 17, LONGEST_RELATIVE_DAYS = 31 };
enum { TON_UNKNOWN, TON_INTERNATIONAL, TON_NATIONAL, TON_NETWORK, TON_SUBSCRIBER, TON_ALPHANUMERIC };
enum { NPI_UNKNOWN, NPI_ISDN };

/* ---- addresses ---- */

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

struct number {
	struct str digits;
	uint8_t ton, npi;
};

/* By form: +49151.. international, 12345 a short code of the network, anything with a letter alphanumeric. */
static struct number source_of(struct str s)
{
	if (s.n && s.p[0] == '+' && all_digits(str_n(s.p + 1, s.n - 1)))
		return (struct number){str_n(s.p + 1, s.n - 1), TON_INTERNATIONAL, NPI_ISDN};
	if (!s.n)
		return (struct number){s, TON_UNKNOWN, NPI_UNKNOWN};
	if (!all_digits(s))
		return (struct number){s, TON_ALPHANUMERIC, NPI_UNKNOWN};
	if (s.n <= 8)
		return (struct number){s, TON_NETWORK, NPI_UNKNOWN};
	return (struct number){s, TON_INTERNATIONAL, NPI_ISDN};
}

static struct number dest_of(const struct address *a)
{
	struct str s = str_of(a->value);

	if (a->scheme == SCHEME_TEL && s.n && s.p[0] == '+')
		s = str_n(s.p + 1, s.n - 1);
	if (a->scheme == SCHEME_SHORT)
		return (struct number){s, TON_UNKNOWN, NPI_ISDN};
	if (a->scheme == SCHEME_SENDER)
		return (struct number){s, TON_ALPHANUMERIC, NPI_UNKNOWN};
	return (struct number){s, TON_INTERNATIONAL, NPI_ISDN};
}

static void set_addresses(const struct sms_settings *set, const struct delivery *d, struct pdu_message *m)
{
	struct number from = source_of(d->from.n ? d->from : str_of(set->source_addr)), to = dest_of(&d->to);

	m->source = from.digits;
	m->source_ton = set->source_ton ? (uint8_t)sms_settings_ton(set->source_ton) : from.ton;
	m->source_npi = set->source_npi ? (uint8_t)sms_settings_npi(set->source_npi) : from.npi;
	m->dest = to.digits;
	m->dest_ton = set->dest_ton ? (uint8_t)sms_settings_ton(set->dest_ton) : to.ton;
	m->dest_npi = set->dest_npi ? (uint8_t)sms_settings_npi(set->dest_npi) : to.npi;
}

/* ---- validity ---- */

static void two(char *p, int64_t v)
{
	p[0] = (char)('0' + v / 10 % 10);
	p[1] = (char)('0' + v % 10);
}

/* Section 7.1.1: YYMMDDhhmmsstnn with p "R" (relative) or "+" (absolute, here always UTC). */
static struct str validity_of(const struct sms_settings *set, int64_t left, int64_t now, char out[TIME_OCTETS])
{
	if (set->validity_form == SMS_VALIDITY_NONE || left <= 0)
		return STR("");
	memcpy(out, "000000000000000R", TIME_OCTETS);
	if (set->validity_form == SMS_VALIDITY_RELATIVE) {
		int64_t s = left / US_SEC > 0 ? left / US_SEC : 1, most = LONGEST_RELATIVE_DAYS * (US_DAY / US_SEC);
		s = s < most ? s : most;
		two(out + 4, s / 86400);
		two(out + 6, s / 3600 % 24);
		two(out + 8, s / 60 % 60);
		two(out + 10, s % 60);
	} else {
		char text[TIME_TEXT]; /* 2026-01-31T23:59:59.123Z */
		static const int from[] = {2, 5, 8, 11, 14, 17};
		time_format(now + left, text);
		for (int i = 0; i < 6; i++)
			memcpy(out + 2 * i, text + from[i], 2);
		out[15] = '+';
	}
	return str_n(out, TIME_OCTETS - 1);
}

/* ---- text ---- */

static uint16_t reference_of(const struct delivery_id *id)
{
	uint32_t h = 2166136261u ^ id->n;

	for (size_t i = 0; i < sizeof id->message.b; i++)
		h = (h ^ id->message.b[i]) * 16777619u;
	return (uint16_t)(h ^ h >> 16);
}

static uint8_t data_coding_of(const struct segments *s, int class)
{
	if (class >= 0) /* general group with message class */
		return (uint8_t)(0x10 | (s->ucs2 ? 0x08 : 0) | class);
	return s->ucs2 ? 8 : 0;
}

/* The octets of one part behind its header, which `body` holds already. */
static void put_units(struct buf *body, const struct segments *s, enum sms_alphabet alphabet, struct str units)
{
	if (s->ucs2 || alphabet == SMS_ALPHABET_GSM)
		buf_addstr(body, units);
	else if (alphabet == SMS_ALPHABET_PACKED)
		gsm7_pack(units, (unsigned)((7 - body->n * 8 % 7) % 7), body);
	else {
		struct buf text;
		buf_init(&text, 1 << 18);
		gsm7_decode(s->tables, units, &text);
		coding_latin1(buf_str(&text), body);
		body->failed |= text.failed;
		buf_free(&text);
	}
}

struct message {
	struct pdu_message m;
	struct segments segments;
	enum sms_long form;
	enum sms_alphabet alphabet;
	uint16_t ref;
	struct str units;
	char sar[4];
};

/* SAR: reference, total, number (section 5.3.2.22 to 24); the values lie in x. */
static void add_sar(struct message *x, size_t first, uint8_t number)
{
	x->sar[0] = (char)(x->ref >> 8);
	x->sar[1] = (char)x->ref;
	x->sar[2] = (char)x->segments.n;
	x->sar[3] = (char)number;
	x->m.tlv[first] = (struct pdu_tlv){TLV_SAR_MSG_REF_NUM, str_n(x->sar, 2)};
	x->m.tlv[first + 1] = (struct pdu_tlv){TLV_SAR_TOTAL_SEGMENTS, str_n(x->sar + 2, 1)};
	x->m.tlv[first + 2] = (struct pdu_tlv){TLV_SAR_SEGMENT_SEQNUM, str_n(x->sar + 3, 1)};
	x->m.tlvs_n = first + 3;
}

static void put_part(struct message *x, struct part *p, uint8_t number, struct str units, struct buf *body,
		     struct buf *out)
{
	bool many = x->segments.n > 1 && x->form != SMS_LONG_PAYLOAD;
	bool header = many && x->form != SMS_LONG_SAR;
	struct udh u = {.width = x->form == SMS_LONG_UDH16 ? 16 : 8, .ref = x->ref, .seq = number};
	uint8_t esm = x->m.esm_class;
	size_t tlvs = x->m.tlvs_n;

	u.total = header ? (uint8_t)x->segments.n : 0;
	u.tables = x->segments.tables;
	if (!header && !u.tables.single && !u.tables.locking && (x->segments.ucs2 || x->alphabet == SMS_ALPHABET_GSM))
		x->m.body = units; /* nothing to build */
	else {
		buf_reset(body);
		udh_write(body, &u);
		x->m.esm_class |= body->n ? ESM_UDHI : 0;
		put_units(body, &x->segments, x->alphabet, units);
		x->m.body = buf_str(body);
		out->failed |= body->failed;
	}
	if (many && x->form == SMS_LONG_SAR)
		add_sar(x, tlvs, number);
	p->at = (uint32_t)out->n;
	pdu_write_submit(out, &x->m);
	p->len = (uint32_t)(out->n - p->at);
	x->m.esm_class = esm;
	x->m.tlvs_n = tlvs;
}

static enum prepared put_parts(struct account *a, struct message *x, struct held *h)
{
	uint16_t n = x->form == SMS_LONG_PAYLOAD ? 1 : (uint16_t)x->segments.n;
	struct buf body;

	if (held_parts(h, n))
		return PREPARE_NO_MEMORY;
	buf_init(&body, 1 << 17);
	for (uint16_t i = 0; i < n; i++) {
		uint32_t from = x->segments.cut[i], to = n == 1 ? x->segments.units : x->segments.cut[i + 1];
		put_part(x, &h->part[i], (uint8_t)(i + 1), str_n(x->units.p + from, to - from), &body, &h->pdus);
	}
	buf_free(&body);
	(void)a;
	return h->pdus.failed ? PREPARE_NO_MEMORY : PREPARED;
}

static enum prepared refuse(struct held *h, struct refusal *why, enum outcome_kind kind, const char *reason)
{
	*why = (struct refusal){kind, "", reason};
	return held_parts(h, 1) ? PREPARE_NO_MEMORY : PREPARE_REFUSED;
}

static uint8_t registered_of(const struct sms_settings *set, bool wanted)
{
	return !wanted || set->receipts == SMS_RECEIPTS_NONE ? 0 : set->receipts == SMS_RECEIPTS_FAILURE ? 2 : 1;
}

enum prepared prepare(struct account *a, const struct delivery *d, struct held *h, struct refusal *why)
{
	const struct sms_settings *set = a->set;
	int64_t now = clock_now(), left = d->expires_at ? d->expires_at - now : set->validity;
	struct message x;
	struct wish wish;
	struct err err;
	char validity[TIME_OCTETS];
	const char *wrong;

	if (d->expires_at && left <= 0)
		return refuse(h, why, OUTCOME_EXPIRED, "expired before it was sent");
	if (wish_read(set, d->options, &wish, &wrong))
		return refuse(h, why, OUTCOME_FAILED, wrong);
	if (segment_text(&wish.text, d->text, &a->text, &x.segments, &err))
		return err.kind == ERR_SEMANTIC ? refuse(h, why, OUTCOME_FAILED, "text too long") : PREPARE_NO_MEMORY;
	set_addresses(set, d, &x.m);
	if (!x.m.dest.n || x.m.dest.n > 20 || x.m.source.n > 20)
		return refuse(h, why, OUTCOME_FAILED, x.m.source.n > 20 ? "sender too long" : "no number");
	x.form = wish.text.long_form;
	x.alphabet = wish.text.alphabet;
	x.ref = reference_of(&d->id);
	x.units = buf_str(&a->text);
	x.m.service_type = str_of(wish.service_type[0] ? wish.service_type : set->service_type);
	x.m.esm_class = 0;
	x.m.protocol_id = (uint8_t)(wish.protocol_id >= 0 ? wish.protocol_id : set->protocol_id);
	x.m.priority = (uint8_t)(wish.priority >= 0 ? wish.priority : set->priority && d->priority == PRIORITY_HIGH);
	x.m.schedule = STR("");
	x.m.validity = validity_of(set, left, now, validity);
	x.m.registered = registered_of(set, d->receipt);
	x.m.replace = x.m.default_msg = 0;
	x.m.data_coding = data_coding_of(&x.segments, wish.class);
	x.m.tlvs_n = wish.tlvs_n;
	memcpy(x.m.tlv, wish.tlv, wish.tlvs_n * sizeof *wish.tlv);
	return put_parts(a, &x, h);
}

struct channel_estimate prepare_estimate(const struct sms_settings *set, struct str text, struct str options)
{
	struct wish wish;
	struct segments s;
	struct buf units;
	struct err err;
	const char *wrong;
	struct channel_estimate e = {"gsm7", 1, 1};

	if (wish_read(set, options, &wish, &wrong))
		wish.text = segment_options(set);
	buf_init(&units, 1 << 20);
	wish.text.max = SEGMENTS_MAX;
	if (segment_text(&wish.text, text, &units, &s, &err) == 0)
		e = (struct channel_estimate){s.encoding, s.n, s.n};
	buf_free(&units);
	return e;
}
