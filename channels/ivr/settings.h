/* What a section [ivr NAME] of the configuration says; the table itself is in settings.c. */
#pragma once
#include "base/settings.h"

enum ivr_door { IVR_DOOR_FASTAGI, IVR_DOOR_HTTP, IVR_DOOR_SIP };

struct ivr_settings {
	int door;
	char *number, *menus, *menu, *call_menu, *language, *queue;
	int64_t calls, calls_out;
	int64_t ring_timeout, max_call; /* microseconds */
	int64_t max_recording;		/* bytes */
	char *records;
	char *agi_listen, *agi_peers, *agi_speech, *agi_dial, *agi_records;
	char *http_secret, *http_peers;
	/* The fields of the SIP door begin with sip_ and follow here. */
};

extern const struct setting ivr_settings_table[];
