/* The doors, in the order of enum ivr_door. */
#pragma once
#include "ivr/door.h"

const struct door_ops *door_of(int which); /* NULL: pages over HTTP, which are no lines */
