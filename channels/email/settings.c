/*
 * One table for the file, the sample, the help and the errors. To add a setting: a field, a line, and its use.
 */
#include "email/settings.h"

#include "base/clock.h"

static const char *const tls_words[] = {"none", "starttls", "required", "tls", NULL};

#define F(field) .offset = offsetof(struct email_settings, field)
/* clang-format off */
const struct setting email_settings_table[] = {
	{.name = "from", .type = SET_STRING, F(from), .required = true,
	 .help = "Who mails are from when a message does not say: \"Care Team <care@example.com>\"."},
	{.name = "domains", .type = SET_LIST, F(domains),
	 .help = "Further domains that messages may name in their own from; that of from always may."},
	{.name = "reply_address", .type = SET_STRING, F(reply_address),
	 .help = "Reply-To, * standing for the signed token that leads an answer to its conversation: reply+*@example.com, or *@reply.example.com; default: none, answers go to from."},
	{.name = "bounce_address", .type = SET_STRING, F(bounce_address),
	 .help = "Envelope sender, * standing for the signed token that leads a bounce to its delivery: bounce+*@example.com; default: from."},
	{.name = "hello", .type = SET_STRING, F(hello),
	 .help = "Our name in EHLO; default: the domain of from."},
	{.name = "hosts", .type = SET_LIST, F(hosts), .def = "localhost",
	 .help = "Smart hosts, the first that works is used: smtp1.example.com, smtp2.example.com:465."},
	{.name = "port", .type = SET_INT, F(port), .def = "587", .min = 1, .max = 65535,
	 .help = "TCP port of the hosts that name none."},
	{.name = "tls", .type = SET_ENUM, F(tls), .words = tls_words, .def = "required",
	 .help = "none; starttls: if the host offers it; required: STARTTLS or nothing; tls: from the first byte (port 465)."},
	{.name = "tls_verify", .type = SET_BOOL, F(tls_verify), .def = "yes",
	 .help = "Check the host's certificate and its name."},
	{.name = "tls_ca", .type = SET_STRING, F(tls_ca),
	 .help = "PEM file with the authorities to trust; default: those of the system."},
	{.name = "user", .type = SET_STRING, F(user),
	 .help = "User for AUTH; default: no AUTH."},
	{.name = "password", .type = SET_STRING, F(password), .secret = true,
	 .help = "Its password."},
	{.name = "connections", .type = SET_INT, F(connections), .def = "10", .min = 1, .max = 200,
	 .help = "Connections to one host at once."},
	{.name = "rate", .type = SET_INT, F(rate), .def = "0", .min = 0, .max = 1000000,
	 .help = "Most mails a second to one host; 0: no limit."},
	{.name = "queue", .type = SET_INT, F(queue), .def = "0", .min = 0, .max = 100000,
	 .help = "Mails held ready behind the connections; 0: twice as many as there are connections."},
	{.name = "connect_timeout", .type = SET_DURATION, F(connect_timeout), .def = "30s", .min = 100 * US_MS, .max = US_HOUR,
	 .help = "How long a connection with TLS and AUTH may take."},
	{.name = "response_timeout", .type = SET_DURATION, F(response_timeout), .def = "5m", .min = 100 * US_MS, .max = US_HOUR,
	 .help = "How long one mail may take."},
	{.name = "retry_min", .type = SET_DURATION, F(retry_min), .def = "1s", .min = US_MS, .max = US_HOUR,
	 .help = "First pause before a host that failed is tried again."},
	{.name = "retry_max", .type = SET_DURATION, F(retry_max), .def = "5m", .min = US_MS, .max = US_DAY,
	 .help = "Longest such pause; it doubles up to here."},
	{.name = "dkim", .type = SET_LIST, F(dkim),
	 .help = "DKIM keys as selector:file, PEM, RSA or Ed25519; with several, each signs: 2026a:/etc/threadline/rsa.pem."},
	{.name = "dkim_domain", .type = SET_STRING, F(dkim_domain),
	 .help = "Domain of the signatures; default: that of from."},
	{.name = "public_url", .type = SET_STRING, F(public_url),
	 .help = "Where the world reaches this gateway, for the unsubscribe links of marketing mail: https://mail.example.com."},
	{.name = "feedback_id", .type = SET_STRING, F(feedback_id),
	 .help = "Sender part of Feedback-ID, which large providers report complaints by; default: no such field."},
	{.name = "max_text", .type = SET_INT, F(max_text), .def = "100000", .min = 1, .max = 1000000,
	 .help = "Characters in one text."},
	{.name = "max_size", .type = SET_SIZE, F(max_size), .def = "20m", .min = 64 << 10, .max = 100 << 20,
	 .help = "Bytes of one mail with its attachments, as they go over the wire."},
	SETTING_END,
};
/* clang-format on */
