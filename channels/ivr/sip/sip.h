/*
 * The SIP door: answers and places calls itself, over UDP, TCP and TLS, without any PBX (libre, librem).
 *
 * Threads, for each account: the SIP thread runs libre's own loop with everything of SIP and RTP; the voice thread reads
 * sound files and has texts spoken (files and programs block). The adapter's loop gives orders to the first (a list behind
 * a lock and an eventfd) and gets words back (loop_post). A line belongs to the SIP thread, but for what door_private.h
 * says; it lives until the adapter has heard `ended` and its order to free it has come through.
 *
 * What is left out, since libre 1.1 has none of it: session timers (RFC 4028: an offered one is not taken up; RTP that
 * stays away ends dead calls), 100rel (RFC 3262).
 */
#pragma once
#include "ivr/door.h"

extern const struct door_ops sip_door;
