/*
 * Texts spoken by a service over HTTP: the text goes there by POST, a WAV file comes back.
 *
 *	POST sip_speech_url, {language} and {voice} in it replaced          {"text": "…", "language": "de", "voice": "…"}
 *	200, a WAV file that wav_read takes                                  anything else: it did not work
 */
#pragma once
#include "ivr/settings.h"
#include "ivr/sip/sound.h"

/* -1: no address of HTTP, or a name in braces that there is none of. */
int speak_http_check(const char *url, struct err *err);
/* The sound; the file at path appears whole or not at all. NULL: it did not work, and the log says why; *down: the service is
 * not there or not able, so that asking again soon is no use. Blocks, for sip_speech_timeout at most. */
struct sound *speak_http(const struct ivr_settings *set, const char *lang, struct str text, const char *path,
			 bool *down);
