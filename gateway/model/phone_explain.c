#include "model/phone_explain.h"

#include "model/phone.h"

int phone_explain(struct str text, const char *region, struct json_out *j)
{
	struct phone p = {.kind = PHONE_INVALID};
	struct err e = {0};
	int r = phone_parse(text, region, &p, &e);

	json_obj(j, NULL);
	json_str(j, "input", text);
	json_cstr(j, "region", r == 0 && p.region[0] ? p.region : region);
	json_cstr(j, "e164", r == 0 && p.e164[0] ? p.e164 : NULL);
	json_cstr(j, "kind", phone_kind_word(r == 0 ? p.kind : PHONE_INVALID));
	json_cstr(j, "error", r == 0 ? NULL : e.code);
	json_end(j);
	return r;
}
