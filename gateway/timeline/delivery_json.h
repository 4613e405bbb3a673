/*
 * A delivery as the API shows it, written straight from the columns of a statement.
 *
 *     {"id":"<message>.1","channel","account","address","status","reason","code","encoding","segments","units","attempts",
 *      "due_at","expires_at","external_ids":[…],"parts":[{"id","status"}…],"history":[{"at","status","cause"}…]}
 *
 * reason and code are left out where there is none, parts where there is only one. external_ids come from the column
 * `parts`, a JSON array [{"id":"…","status":"delivered"}…] in order of the parts; history comes from `trail`, one line
 * "<at_us> <status word> <cause>\n" for each change of status.
 */
#pragma once
#include "base/json.h"
#include "model/words.h"
#include "store/db.h"

/* Select these of a table named d, the first one in column `at` of the functions below. */
#define DELIVERY_COLUMNS                                                                                           \
	"d.message_id, d.n, d.channel, d.account, d.address, d.status, d.reason, d.code, d.encoding, d.segments, " \
	"d.units,"                                                                                                 \
	" d.attempts, d.due_at, d.expires_at, d.parts, d.trail"
enum { DELIVERY_COLUMNS_N = 16 };

/* The delivery in the row that q stands on. Returns its status. */
enum status delivery_json(struct json_out *j, const char *key, struct stmt *q, int at);
/* All deliveries of a message as an array. *last: status of the latest one, STATUS_NONE without any. */
int deliveries_json(struct db *db, struct json_out *j, const char *key, const struct uuid *message, enum status *last,
		    struct err *err);
