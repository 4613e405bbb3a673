/*
 * One table for the file, the sample, the help and the errors. To add a setting: a field, a line, and its use. What only
 * one door reads begins with its name.
 */
#include "ivr/settings.h"

#include "base/clock.h"

static const char *const door_words[] = {"fastagi", "http", "sip", NULL};

#define F(field) .offset = offsetof(struct ivr_settings, field)
/* clang-format off */
const struct setting ivr_settings_table[] = {
	{.name = "door", .type = SET_ENUM, F(door), .words = door_words, .def = "fastagi",
	 .help = "How calls come: fastagi, from Asterisk; http, VoiceXML pages for a carrier's platform; sip, without any of these."},
	{.name = "number", .type = SET_STRING, F(number), .required = true,
	 .help = "Our own number, where a call does not say which one was dialled, and the caller id of calls we make."},
	{.name = "menus", .type = SET_STRING, F(menus), .def = "etc/ivr",
	 .help = "Folder of the menus (VoiceXML) and of their prompts."},
	{.name = "menu", .type = SET_STRING, F(menu), .def = "main.vxml",
	 .help = "Menu of calls that come in, in that folder."},
	{.name = "call_menu", .type = SET_STRING, F(call_menu),
	 .help = "Menu of calls that we make; default: the message is spoken, and spoken again for key 1."},
	{.name = "queue", .type = SET_STRING, F(queue), .def = "care",
	 .help = "Whose work a wish is that names no queue: the conversation's assignee becomes queue:NAME."},
	{.name = "language", .type = SET_STRING, F(language), .def = "en",
	 .help = "Language of prompts that name none."},
	{.name = "calls", .type = SET_INT, F(calls), .def = "200", .min = 1, .max = 100000,
	 .help = "Calls at once."},
	{.name = "calls_out", .type = SET_INT, F(calls_out), .def = "20", .min = 0, .max = 100000,
	 .help = "Calls at once that the gateway makes itself; they count among calls."},
	{.name = "ring_timeout", .type = SET_DURATION, F(ring_timeout), .def = "40s", .min = US_SEC, .max = US_HOUR,
	 .help = "How long a call that we make may ring."},
	{.name = "max_call", .type = SET_DURATION, F(max_call), .def = "1h", .min = US_SEC, .max = US_DAY,
	 .help = "The gateway hangs up after this long."},
	{.name = "max_recording", .type = SET_SIZE, F(max_recording), .def = "8m", .min = 64 << 10, .max = 100 << 20,
	 .help = "Largest recording that is kept."},
	{.name = "records", .type = SET_STRING, F(records), .def = "/var/spool/threadline/ivr",
	 .help = "Folder where recordings lie until they are in the store."},
	{.name = "agi_listen", .type = SET_STRING, F(agi_listen), .def = "127.0.0.1:4573",
	 .help = "Where Asterisk connects to: AGI(agi://127.0.0.1:4573/)."},
	{.name = "agi_peers", .type = SET_LIST, F(agi_peers), .def = "127.0.0.1, ::1",
	 .help = "Addresses that may connect."},
	{.name = "agi_speech", .type = SET_STRING, F(agi_speech), .def = "Espeak",
	 .help = "Application of Asterisk that speaks a text: its first argument is the text, the third the language."},
	{.name = "agi_dial", .type = SET_STRING, F(agi_dial), .def = "PJSIP/*@trunk",
	 .help = "Channel of Asterisk that a destination becomes, * standing for its number."},
	{.name = "agi_records", .type = SET_STRING, F(agi_records),
	 .help = "The folder of records as Asterisk sees it; default: the same path."},
	{.name = "http_secret", .type = SET_STRING, F(http_secret), .secret = true,
	 .help = "Bearer token or ?secret= of the carrier's platform; default: only http_peers."},
	{.name = "http_peers", .type = SET_LIST, F(http_peers),
	 .help = "Addresses of the carrier's platform that may ask; default: any that has the secret."},
	SETTING_END,
};
/* clang-format on */
