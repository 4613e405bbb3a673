#include "ivr/doors.h"

#include "ivr/agi.h"
#include "ivr/sip/sip.h"

const struct door_ops *door_of(int which)
{
	switch (which) {
	case IVR_DOOR_FASTAGI: return &agi_door;
	case IVR_DOOR_SIP: return &sip_door;
	default: return NULL;
	}
}
