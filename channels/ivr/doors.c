#include "ivr/doors.h"

#include "ivr/agi.h"

const struct door_ops *door_of(int which)
{
	switch (which) {
	case IVR_DOOR_FASTAGI: return &agi_door;
	default: return NULL;
	}
}
