/* See wish.h. Almost every message has none, so an empty object is told without parsing. */
#include "sms/wish.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/json.h"

static int word_of(const json_t *v, const char *const *words)
{
	const char *s = json_string_value(v);

	for (int i = 0; s && words[i]; i++)
		if (strcmp(s, words[i]) == 0)
			return i;
	return -1;
}

static bool number(const json_t *o, const char *key, int max, int *out)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
		return false;
	*out = (int)json_integer_value(v);
	return true;
}

static bool tlv_of(const char *tag, const json_t *v, struct wish *w)
{
	struct str hex = str_of(json_string_value(v));
	size_t n = hex.n / 2;
	char *end;
	unsigned long t = strtoul(tag, &end, 0);

	if (!json_is_string(v) || *end || end == tag || t > 0xFFFF || w->tlvs_n == WISH_TLVS_MAX ||
	    n > WISH_BYTES_MAX - w->bytes_n || !crypto_unhex(hex, w->bytes + w->bytes_n, n))
		return false;
	w->tlv[w->tlvs_n++] = (struct pdu_tlv){(uint16_t)t, str_n(w->bytes + w->bytes_n, n)};
	w->bytes_n += n;
	return true;
}

static const char *read_text(const json_t *o, struct wish *w)
{
	static const char *const encodings[] = {"auto", "gsm7", "ucs2", NULL};
	static const char *const forms[] = {"udh8", "udh16", "sar", "payload", NULL};
	const json_t *encoding = json_object_get(o, "encoding"), *form = json_object_get(o, "long");
	const json_t *smart = json_object_get(o, "smart");
	int v;

	if (encoding) {
		if ((v = word_of(encoding, encodings)) < 0)
			return "option encoding";
		w->text.encoding = (enum sms_encoding)v;
	}
	if (form) {
		if ((v = word_of(form, forms)) < 0)
			return "option long";
		w->text.long_form = (enum sms_long)v;
	}
	if (smart) {
		if (!json_is_boolean(smart))
			return "option smart";
		w->text.smart = json_is_true(smart);
	}
	if (!number(o, "max_segments", SEGMENTS_MAX, &w->text.max) || w->text.max < 1)
		return "option max_segments";
	return NULL;
}

static const char *read_members(const json_t *o, struct wish *w)
{
	const json_t *flash = json_object_get(o, "flash"), *service = json_object_get(o, "service_type");
	const json_t *tlvs = json_object_get(o, "tlvs");
	const char *tag;
	json_t *v;

	if (!number(o, "class", 3, &w->class) || (flash && !json_is_boolean(flash)))
		return flash ? "option flash" : "option class";
	if (json_is_true(flash))
		w->class = 0;
	if (!number(o, "protocol_id", 255, &w->protocol_id))
		return "option protocol_id";
	if (!number(o, "priority_flag", 3, &w->priority))
		return "option priority_flag";
	if (service) {
		struct str s = str_of(json_string_value(service));
		if (!json_is_string(service) || s.n >= sizeof w->service_type)
			return "option service_type";
		memcpy(w->service_type, s.p, s.n);
	}
	if (tlvs && !json_is_object(tlvs))
		return "option tlvs";
	json_object_foreach ((json_t *)(uintptr_t)tlvs, tag, v)
		if (!tlv_of(tag, v, w))
			return "option tlvs";
	return read_text(o, w);
}

int wish_read(const struct sms_settings *s, struct str options, struct wish *w, const char **why)
{
	json_t *o;

	w->text = segment_options(s);
	w->class = w->protocol_id = w->priority = -1;
	w->service_type[0] = 0;
	w->tlvs_n = w->bytes_n = 0;
	if (options.n <= 2)
		return 0;
	if (json_read(options, 4, &o, NULL) || !json_is_object(o)) {
		*why = "options are no JSON object";
		return -1;
	}
	memset(w->service_type, 0, sizeof w->service_type);
	*why = read_members(o, w);
	json_decref(o);
	return *why ? -1 : 0;
}
