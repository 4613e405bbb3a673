#include "timeline/event_value.h"

#include "customer/value.h"

int event_name_check(struct str name, struct err *err)
{
	bool ok = name.n > 0 && name.n <= EVENT_NAME_MAX;

	for (size_t i = 0; ok && i < name.n; i++)
		ok = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
		     (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_' || name.p[i] == '-' || name.p[i] == '.';
	return ok ? 0
		  : err_set(err, ERR_SEMANTIC, "event_name_invalid", "/name",
			    "the name of an event is 1 to %d letters, digits, _, - and .", EVENT_NAME_MAX);
}

static int add(struct db *db, const struct interaction *i, struct str name, struct str key, const struct value *v,
	       struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO event_value (name, key, customer_id, at, id, type, num, value)"
				      " VALUES ($1, $2, $3, $4, $5, $6, CAST($7 AS DOUBLE PRECISION), $8)");

	db_bind_str(q, 1, name);
	db_bind_str(q, 2, key);
	db_bind_uuid(q, 3, &i->customer);
	db_bind_i64(q, 4, i->at);
	db_bind_uuid(q, 5, &i->id);
	db_bind_i64(q, 6, v->type);
	db_bind_text(q, 7, v->num[0] ? v->num : NULL);
	if (v->type == VALUE_NUMBER || v->type == VALUE_NONE)
		db_bind_text(q, 8, NULL);
	else
		db_bind_str(q, 8, v->text);
	return db_run(q, err);
}

int event_values_add(struct db *db, const struct interaction *i, struct str name, const json_t *data, struct err *err)
{
	const char *key;
	json_t *member;
	int n = 0;

	if (add(db, i, name, STR(""), &(struct value){0}, err))
		return -1;
	json_object_foreach ((json_t *)data, key, member) {
		struct value v;
		int r = 0;
		if (json_is_object(member) || json_is_array(member) || !*key || strlen(key) > EVENT_NAME_MAX)
			continue;
		if (value_of(member, &v))
			return err_nomem(err);
		if (v.type != VALUE_NONE && n++ < EVENT_VALUES_MAX)
			r = add(db, i, name, str_of(key), &v, err);
		value_free(&v);
		if (r)
			return -1;
	}
	return 0;
}
