/*
 * Sounds for a list of pieces: files read, texts spoken by a program (espeak-ng), on a thread of its own because both block.
 * Spoken texts are kept as WAV in a folder, named by the hash of text and language, up to a size; the latest sounds are
 * kept in memory as well. A piece that cannot be had is left out (door.h).
 */
#pragma once
#include "ivr/door.h"
#include "ivr/sip/sound.h"

struct voice;
struct order;

struct voice *voice_new(const struct ivr_settings *set, struct err *err); /* starts the thread */
void voice_free(struct voice **v); /* waits for it; orders that wait are run as they are */
/* Fills o->sounds and sends it to the SIP thread. Copies the pieces. Without memory o is sent with none. */
void voice_ask(struct voice *v, struct order *o, const struct piece *p, size_t n);
