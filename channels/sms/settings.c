/*
 * One table for the file, the sample, the help and the errors. To add a setting: a field, a line, and its use.
 */
#include "sms/settings.h"

#include <stdlib.h>

#include "base/clock.h"

static const char *const bind_words[] = {"transceiver", "split", "transmitter", "receiver", NULL};
static const char *const encoding_words[] = {"auto", "gsm7", "ucs2", NULL};
static const char *const long_words[] = {"udh8", "udh16", "sar", "payload", NULL};
static const char *const alphabet_words[] = {"gsm", "latin1", "packed", NULL};
static const char *const receipts_words[] = {"none", "final", "failure", NULL};
static const char *const validity_words[] = {"relative", "absolute", "none", NULL};
static const char *const receipt_id_words[] = {"auto", "hex_to_dec", "dec_to_hex", NULL};
static const char *const query_words[] = {"none", "uncertain", "all", NULL};
static const char *const lost_words[] = {"resend", "wait", NULL};

static const char *const ton_words[] = {"auto",	      "unknown",      "international", "national", "network",
					"subscriber", "alphanumeric", "abbreviated",   NULL};
static const char *const npi_words[] = {"auto",	    "unknown", "isdn",	"data",	    "telex", "land_mobile",
					"national", "private", "ermes", "internet", "wap",   NULL};

#define F(field) offsetof(struct sms_settings, field)
#define TEXT(key, field, help_)                                                    \
	{                                                                          \
		.name = key, .type = SET_STRING, .offset = F(field), .help = help_ \
	}
#define WORD(key, field, words_, def_, help_)                                                                  \
	{                                                                                                      \
		.name = key, .type = SET_ENUM, .offset = F(field), .def = def_, .words = words_, .help = help_ \
	}
#define YESNO(key, field, def_, help_)                                                        \
	{                                                                                     \
		.name = key, .type = SET_BOOL, .offset = F(field), .def = def_, .help = help_ \
	}
#define NUMBER(key, field, def_, min_, max_, help_)                                                                    \
	{                                                                                                              \
		.name = key, .type = SET_INT, .offset = F(field), .def = def_, .min = min_, .max = max_, .help = help_ \
	}
#define TIME(key, field, def_, min_, max_, help_)                                                             \
	{                                                                                                     \
		.name = key, .type = SET_DURATION, .offset = F(field), .def = def_, .min = min_, .max = max_, \
		.help = help_                                                                                 \
	}

const struct setting sms_settings_table[] = {
	{.name = "host",
	 .type = SET_STRING,
	 .offset = F(host),
	 .required = true,
	 .help = "Name or address of the SMSC."},
	NUMBER("port", port, "2775", 1, 65535, "Its TCP port."),
	{.name = "standby",
	 .type = SET_LIST,
	 .offset = F(standby),
	 .help = "Further host:port to try, in turn, when the first cannot be reached or refuses."},
	YESNO("tls", tls, "no", "Speak TLS to the SMSC."),
	YESNO("tls_verify", tls_verify, "yes", "Check the SMSC's certificate and its host name."),
	TEXT("tls_ca", tls_ca, "PEM file with the authorities to trust; default: those of the system."),
	TEXT("tls_cert", tls_cert, "PEM file with our own certificate chain, if the SMSC asks for one."),
	TEXT("tls_key", tls_key, "PEM file with its private key."),
	TEXT("tls_name", tls_name, "Name that the SMSC's certificate must carry; default: the host."),
	{.name = "system_id",
	 .type = SET_STRING,
	 .offset = F(system_id),
	 .required = true,
	 .help = "Our name at the SMSC, up to 15 characters."},
	{.name = "password",
	 .type = SET_STRING,
	 .offset = F(password),
	 .def = "",
	 .secret = true,
	 .help = "Password of the bind, up to 8 characters by the standard (15 are sent if given)."},
	TEXT("system_type", system_type, "System type of the bind, often empty, \"SMPP\" or \"VMA\"."),
	TEXT("address_range", address_range, "Address range of the bind; most SMSCs want it empty."),
	WORD("bind", bind, bind_words, "transceiver",
	     "transceiver, or split for a transmitter and a receiver side by side; transmitter or receiver alone."),
	NUMBER("binds", binds, "1", 1, 64, "How many such binds to hold at once."),
	TEXT("source_addr", source_addr, "Sender when a message names none: number, short code or name."),
	WORD("source_ton", source_ton, ton_words, "auto", "Type of number of the sender; auto: by its form."),
	WORD("source_npi", source_npi, npi_words, "auto", "Numbering plan of the sender; auto: by its form."),
	WORD("dest_ton", dest_ton, ton_words, "auto", "Type of number of the recipient; auto: by its form."),
	WORD("dest_npi", dest_npi, npi_words, "auto", "Numbering plan of the recipient; auto: by its form."),
	{.name = "window",
	 .type = SET_INT,
	 .offset = F(window),
	 .def = "10",
	 .min = 1,
	 .max = 10000,
	 .reload = true,
	 .help = "Submits without answer that each bind may have."},
	{.name = "queue",
	 .type = SET_INT,
	 .offset = F(queue),
	 .def = "0",
	 .min = 0,
	 .max = 100000,
	 .help = "Messages held ready behind the window; 0: as many as the windows, at least 64."},
	{.name = "throughput",
	 .type = SET_INT,
	 .offset = F(throughput),
	 .def = "0",
	 .min = 0,
	 .max = 1000000,
	 .reload = true,
	 .help = "Most submits (message parts) a second over all binds; 0: no limit."},
	NUMBER("inbound_window", inbound_window, "1000", 1, 100000,
	       "Inbound messages and receipts not yet stored that each bind may have before it stops reading."),
	{.name = "enquire_link",
	 .type = SET_DURATION,
	 .offset = F(enquire_link),
	 .def = "30s",
	 .min = 0,
	 .max = US_DAY,
	 .reload = true,
	 .help = "Ask an idle link whether it lives after this time; 0: never."},
	TIME("response_timeout", response_timeout, "30s", 100 * US_MS, US_HOUR, "How long an answer may take."),
	TIME("inactivity_timeout", inactivity_timeout, "0", 0, US_DAY,
	     "Give a link up when nothing at all came in for so long; 0: enquire_link decides alone."),
	TIME("connect_timeout", connect_timeout, "10s", 100 * US_MS, US_HOUR,
	     "How long a connection (with TLS) may take."),
	TIME("bind_timeout", bind_timeout, "10s", 100 * US_MS, US_HOUR, "How long the answer to a bind may take."),
	TIME("reconnect_min", reconnect_min, "1s", US_MS, US_HOUR, "First pause before a lost link is tried again."),
	TIME("reconnect_max", reconnect_max, "60s", US_MS, US_DAY, "Longest such pause; it doubles up to here."),
	WORD("encoding", encoding, encoding_words, "auto", "auto: GSM 7 bit where the text fits, else UCS-2."),
	YESNO("smart", smart, "no", "Replace typographic characters where that keeps a text in GSM 7 bit."),
	{.name = "national",
	 .type = SET_LIST,
	 .offset = F(national),
	 .help = "National shift tables that the handsets know: tr, es, pt."},
	WORD("long", long_form, long_words, "udh8", "How long texts go out: udh8, udh16, sar or payload."),
	NUMBER("max_segments", max_segments, "10", 1, 255, "Longer texts are refused."),
	WORD("alphabet", alphabet, alphabet_words, "gsm",
	     "What the SMSC takes as its default alphabet (data_coding 0)."),
	WORD("receipts", receipts, receipts_words, "final", "Receipts to ask for: none, final or failure."),
	TEXT("service_type", service_type, "service_type of each message, up to 5 characters."),
	NUMBER("protocol_id", protocol_id, "0", 0, 255, "protocol_id of each message."),
	YESNO("priority", priority, "yes", "Tell the SMSC that replies go before bulk (priority_flag 1)."),
	TIME("validity", validity, "0", 0, 63 * US_DAY,
	     "Validity to ask for when a message has no expiry; 0: the SMSC's own."),
	WORD("validity_form", validity_form, validity_words, "relative",
	     "How validity is written: relative, absolute, none."),
	WORD("receipt_id", receipt_id, receipt_id_words, "auto",
	     "How this SMSC's receipts write the message id; auto: as in the answer, or found by the gateway's rules."),
	{.name = "receipt_time_zone",
	 .type = SET_STRING,
	 .offset = F(receipt_time_zone),
	 .def = "UTC",
	 .help = "Zone of the dates in this SMSC's receipts, where they name none: UTC, or ahead or behind as +02:00. "
		 "A date "
		 "that lies in the future is taken as now."},
	WORD("query", query, query_words, "uncertain",
	     "Ask the SMSC (query_sm) about what has an id but no receipt: none, uncertain (an answer was lost) or "
	     "all."),
	TIME("query_after", query_after, "5m", 100 * US_MS, 7 * US_DAY,
	     "How long after; three times at most, each so long after the last."),
	WORD("lost_service", lost_service, lost_words, "resend",
	     "Service messages whose answer was lost: resend (at least once) or wait for the receipt (at most once)."),
	WORD("lost_marketing", lost_marketing, lost_words, "wait", "The same for marketing messages and surveys."),
	SETTING_END,
};

int sms_settings_ton(int word) { return word - 1; }

int sms_settings_npi(int word)
{
	static const int wire[] = {-1, 0, 1, 3, 4, 6, 8, 9, 10, 14, 18};
	return word >= 0 && (size_t)word < sizeof wire / sizeof *wire ? wire[word] : -1;
}

bool sms_settings_offset(const char *text, int64_t *out)
{
	struct str s = str_of(text);
	int64_t h, m;

	*out = 0;
	if (!s.n || str_ieq(s, STR("UTC")) || str_ieq(s, STR("Z")))
		return true;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || !str_i64(str_n(s.p + 1, 2), &h) ||
	    !str_i64(str_n(s.p + 4, 2), &m) || h < 0 || h > 14 || m < 0 || m > 59)
		return false;
	*out = (s.p[0] == '-' ? -1 : 1) * (h * US_HOUR + m * US_MIN);
	return true;
}

static int too_long(struct err *err, const char *key, const char *value, size_t max)
{
	if (value && strlen(value) > max)
		return err_set(err, ERR_SEMANTIC, "too_long", key, "%s: at most %zu characters", key, max);
	return 0;
}

int sms_settings_check(const struct sms_settings *s, struct err *err)
{
	size_t pos = 0;
	int64_t offset;
	struct str item;

	if (!s->host || !*s->host)
		return err_set(err, ERR_SEMANTIC, "required", "host", "host is missing");
	if (too_long(err, "host", s->host, 255) || too_long(err, "system_id", s->system_id, 15) ||
	    too_long(err, "password", s->password, 15) || too_long(err, "system_type", s->system_type, 12) ||
	    too_long(err, "address_range", s->address_range, 40) || too_long(err, "source_addr", s->source_addr, 20) ||
	    too_long(err, "service_type", s->service_type, 5))
		return -1;
	if (s->reconnect_max < s->reconnect_min)
		return err_set(err, ERR_SEMANTIC, "out_of_range", "reconnect_max",
			       "reconnect_max is below reconnect_min");
	if (!sms_settings_offset(s->receipt_time_zone, &offset))
		return err_set(err, ERR_SEMANTIC, "zone_invalid", "receipt_time_zone",
			       "receipt_time_zone: UTC, or hours and minutes ahead of it as +02:00");
	if (!s->tls_cert != !s->tls_key)
		return err_set(err, ERR_SEMANTIC, "required", s->tls_cert ? "tls_key" : "tls_cert",
			       "tls_cert and tls_key go together");
	while (s->national && settings_list_next(s->national, &pos, &item))
		if (!str_is(item, "tr") && !str_is(item, "es") && !str_is(item, "pt"))
			return err_set(err, ERR_SEMANTIC, "unknown_word", "national",
				       "national: tr, es or pt, not \"%.*s\"", (int)(item.n > 20 ? 20 : item.n),
				       item.p);
	return 0;
}
