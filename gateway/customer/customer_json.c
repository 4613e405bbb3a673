/* The customer as the API shows it: its own facts, and the contact points of everyone it stands for. */
#include "base/clock.h"
#include "customer/identity.h"

enum { CONTACTS_SHOWN = 100 };

static int people_json(struct db *db, struct json_out *j, const struct customer *c, struct err *err)
{
	struct contact contacts[CONTACTS_SHOWN];
	struct uuid members[MEMBERS_MAX];
	int n = 1, k;

	members[0] = c->id;
	/* A merged customer is shown as it was: alone. */
	if (uuid_is_nil(&c->merged_into) && (n = identity_members(db, &c->id, members, err)) < 0)
		return -1;
	k = contact_list(db, members, (size_t)n, clock_now(), contacts, CONTACTS_SHOWN, err);
	if (k < 0)
		return -1;
	json_arr(j, "members");
	for (int i = 0; i < n; i++)
		json_uuid(j, NULL, &members[i]);
	json_end(j);
	json_arr(j, "contact_points");
	for (int i = 0; i < k; i++)
		contact_json(j, NULL, &contacts[i]);
	json_end(j);
	return 0;
}

int customer_json(struct db *db, struct json_out *j, const char *key, const struct customer *c, struct err *err)
{
	json_obj(j, key);
	json_uuid(j, "id", &c->id);
	if (c->external_id.n)
		json_str(j, "external_id", c->external_id);
	else
		json_null_(j, "external_id");
	json_str(j, "name", c->name);
	json_str(j, "locale", c->locale);
	json_str(j, "time_zone", c->time_zone);
	json_str(j, "tier", c->tier);
	json_cstr(j, "stage", stage_word(c->stage));
	json_raw(j, "attributes", c->attributes.n ? c->attributes : STR("{}"));
	json_uuid(j, "merged_into", &c->merged_into);
	if (people_json(db, j, c, err))
		return -1;
	json_int(j, "version", c->version);
	json_time(j, "created_at", c->created_at);
	json_time(j, "updated_at", c->updated_at);
	json_end(j);
	return 0;
}
