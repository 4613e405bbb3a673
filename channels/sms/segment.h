/*
 * A text as SMS: which alphabet, how many segments, where they are cut. Cut so that neither an extended GSM character nor
 * a surrogate pair is split (3GPP TS 23.038 and TS 23.040 section 9.2.3.24), and, where that costs little, not within what
 * is seen as one character: combining marks, joined emoji, flags. Pure; any thread.
 */
#pragma once
#include "base/err.h"
#include "sms/gsm7.h"
#include "sms/settings.h"

enum { SEGMENTS_MAX = 255 };

struct segment_options {
	enum sms_encoding encoding;
	enum sms_alphabet alphabet;
	enum sms_long long_form;
	bool smart;	   /* typographic characters may be replaced */
	unsigned national; /* bit (1 << enum gsm7_language) for each permitted language */
	int max;	   /* segments */
};

struct segments {
	const char *encoding; /* "gsm7", "gsm7-tr", "ucs2"; static */
	bool ucs2;
	struct gsm7 tables;
	int n;				/* segments, at least 1 */
	uint32_t cut[SEGMENTS_MAX + 1]; /* segment i is units [cut[i], cut[i + 1]) */
	uint32_t units;			/* bytes in the buffer: septets one a byte, or UCS-2 big-endian */
};

/* Encodes text into `units` (reset first). -1: too_long or out of memory. With SMS_ENCODING_GSM7 what the alphabet lacks
 * becomes "?". */
int segment_text(const struct segment_options *o, struct str text, struct buf *units, struct segments *out,
		 struct err *err);
struct segment_options segment_options(const struct sms_settings *s);
/* Octets of user data header (with its length octet) that segment_text counted for each of n segments. */
size_t segment_header(const struct segments *s, enum sms_long form);
