#include "sms/explain.h"

#include "sms/receipt.h"
#include "sms/segment.h"

enum { TEXT_MAX = 1 << 20 };

int sms_explain_text(struct str text, struct json_out *j)
{
	static const struct segment_options all = {
		.national = 1u << GSM7_TURKISH | 1u << GSM7_SPANISH | 1u << GSM7_PORTUGUESE, .max = SEGMENTS_MAX};
	struct segments s;
	struct err e = {0};
	struct buf units;
	size_t bytes;
	int r;

	buf_init(&units, TEXT_MAX);
	r = str_utf8_ok(text) ? segment_text(&all, text, &units, &s, &e)
			      : err_set(&e, ERR_SEMANTIC, "text_not_utf8", NULL, "the text is not UTF-8");
	json_obj(j, NULL);
	json_str(j, "input", text);
	if (r == 0) {
		bytes = (size_t)s.n * segment_header(&s, all.long_form);
		for (int i = 0; i < s.n; i++) {
			size_t n = s.cut[i + 1] - s.cut[i];
			bytes += s.ucs2 ? n : (n * 7 + 7) / 8;
		}
		json_cstr(j, "encoding", s.encoding);
		json_int(j, "segments", s.n);
		json_int(j, "units", s.ucs2 ? s.units / 2 : s.units); /* septets, or 16-bit units */
		json_int(j, "bytes", (int64_t)bytes);		      /* user data of all segments, headers included */
	}
	json_cstr(j, "error", r ? e.code : NULL);
	json_end(j);
	buf_free(&units);
	return r;
}

static void text_or_null(struct json_out *j, const char *key, struct str s)
{
	if (s.n)
		json_str(j, key, s);
	else
		json_cstr(j, key, NULL);
}

static void receipt(struct str text, struct json_out *j)
{
	struct receipt_text r = {0};

	receipt_parse(text, &r);
	json_obj(j, NULL);
	text_or_null(j, "id", r.id);
	json_cstr(j, "state", r.stat.n ? receipt_state_word(r.state) : NULL);
	text_or_null(j, "raw_state", r.stat);
	text_or_null(j, "error_code", r.err);
	json_time(j, "submitted_at", r.submitted_at);
	json_time(j, "done_at", r.done_at);
	json_bool(j, "is_receipt", r.is_receipt);
	json_cstr(j, "error", NULL); /* an ordinary text is no fault of the input's: is_receipt tells them apart */
	json_end(j);
}

int sms_explain_receipt(struct str text, struct json_out *j)
{
	struct str quoted = str_trim(text);
	json_t *v = NULL;

	if (quoted.n >= 2 && quoted.p[0] == '"')
		v = json_loadb(quoted.p, quoted.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (json_is_string(v))
		text = str_n(json_string_value(v), json_string_length(v));
	receipt(text, j);
	json_decref(v);
	return 0;
}
