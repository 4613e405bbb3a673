/* What a section [ivr NAME] of the configuration says; the table itself is in settings.c. */
#pragma once
#include "base/settings.h"

enum ivr_door { IVR_DOOR_FASTAGI, IVR_DOOR_HTTP, IVR_DOOR_SIP };

/* sip_srtp: towards whom we call; where it is offered to us it is always taken. */
enum ivr_srtp { IVR_SRTP_NO, IVR_SRTP_YES };

struct ivr_settings {
	int door;
	char *number, *menus, *menu, *call_menu, *language, *queue;
	int64_t calls, calls_out;
	int64_t ring_timeout, max_call; /* microseconds */
	int64_t max_recording;		/* bytes */
	char *records;
	char *agi_listen, *agi_peers, *agi_speech, *agi_dial, *agi_records;
	char *http_secret, *http_peers;
	char *sip_address, *sip_domain, *sip_user, *sip_password, *sip_registrar, *sip_trunk, *sip_trusted;
	int64_t sip_port, sip_tls_port, sip_expires, sip_rtp_first, sip_rtp_last;
	int64_t sip_rtp_timeout; /* microseconds */
	char *sip_tls_certificate, *sip_tls_ca;
	int sip_srtp;
	char *sip_speech, *sip_speech_cache;
	int64_t sip_speech_keep; /* bytes */
	char *sip_speech_url, *sip_speech_voice, *sip_speech_secret;
	int64_t sip_speech_timeout; /* microseconds */
};

extern const struct setting ivr_settings_table[];
