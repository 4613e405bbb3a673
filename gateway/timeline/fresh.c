#include "timeline/fresh.h"

#include "timeline/interaction_row.h"

void fresh_json(struct json_out *j, const char *key, const struct interaction *i, const struct uuid *survivor,
		const struct fresh_delivery *d)
{
	char id[UUID_TEXT + 2];

	uuid_format(&i->id, id);
	memcpy(id + 36, ".1", 3);
	interaction_open(j, key, i, survivor);
	json_arr(j, "deliveries");
	json_obj(j, NULL);
	json_cstr(j, "id", id);
	json_cstr(j, "channel", channel_word(d->channel));
	json_cstr(j, "account", d->account);
	json_cstr(j, "address", d->address.value);
	json_cstr(j, "status", status_word(d->status));
	if (d->reason)
		json_cstr(j, "reason", d->reason);
	json_cstr(j, "encoding", d->encoding);
	json_int(j, "segments", d->segments);
	json_int(j, "units", d->units);
	json_int(j, "attempts", 0);
	json_time(j, "due_at", d->due_at);
	json_time(j, "expires_at", d->expires_at);
	json_arr(j, "external_ids");
	json_end(j);
	json_arr(j, "history");
	json_obj(j, NULL);
	json_time(j, "at", d->at);
	json_cstr(j, "status", status_word(d->status));
	json_cstr(j, "cause", d->cause);
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	interaction_status(j, i, d->status);
	json_end(j);
}
