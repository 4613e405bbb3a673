/*
 * What `threadline explain sms|receipt|pdu` shows of one input: the adapter's own code, run on a text. Each writes one
 * JSON object; -1: the object has an "error". Used by the command line only; thread-safe.
 */
#pragma once
#include "base/json.h"

int sms_explain_text(struct str text, struct json_out *j);
int sms_explain_receipt(struct str text, struct json_out *j); /* plain, or as a JSON string; refuses nothing */
int sms_explain_pdu(struct str hex, struct json_out *j);      /* one whole PDU, white space allowed */
