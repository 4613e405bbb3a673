/*
 * Sounds for a list of pieces: files read, texts spoken by a service over HTTP or by a program (espeak-ng), on a few threads
 * of their own because all of it blocks. Spoken texts are kept as WAV in a folder, named by the hash of text, language and
 * who spoke, up to a size; the latest sounds are kept in memory as well. A piece that cannot be had is left out (door.h).
 * "builtin:beep" is a beep.
 */
#pragma once
#include "ivr/door.h"
#include "ivr/sip/sound.h"

struct voice;
struct order;

struct voice *voice_new(const struct ivr_settings *set, struct err *err); /* starts the threads */
void voice_free(struct voice **v); /* waits for them; orders that wait are run as they are */
/* Fills o->sounds and sends it to the SIP thread. Copies the pieces. Without memory o is sent with none. */
void voice_ask(struct voice *v, struct order *o, const struct piece *p, size_t n);
