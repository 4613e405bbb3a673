/*
 * The FastAGI door: Asterisk connects for each call that its dialplan hands over (AGI(agi://127.0.0.1:4573/menu.vxml)), and is
 * told what to do by one command at a time, each answered by one line: "200 result=0". While the menu only listens, it is
 * asked for digits in short waits, so that an operation never waits longer than AGI_WAIT_MS to begin.
 *
 * What AGI cannot do: stop what it plays or records before it ends by itself or by a key (what is stopped is waited for),
 * hear a key during a text that another application speaks, say that nobody began to speak, and place calls.
 */
#pragma once
#include "ivr/door.h"

enum { AGI_WAIT_MS = 250 };

extern const struct door_ops agi_door;
