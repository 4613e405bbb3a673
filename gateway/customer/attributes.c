/* Attributes by key and value. Nested values are found by their JSON text. */
#include "customer/private.h"
#include "customer/value.h"

static int drop(struct db *db, const struct uuid *id, const char *key, const json_t *was, struct err *err)
{
	struct stmt *q;
	struct value v;
	int r = 0;

	if (value_of(was, &v))
		return err_nomem(err);
	if (v.type != VALUE_NONE) {
		q = db_query(db, "DELETE FROM customer_attribute WHERE key = $1 AND value = $2 AND customer_id = $3");
		db_bind_text(q, 1, key);
		db_bind_str(q, 2, v.text);
		db_bind_uuid(q, 3, id);
		r = db_run(q, err);
	}
	value_free(&v);
	return r;
}

static int add(struct db *db, const struct uuid *id, const char *key, const json_t *is, struct err *err)
{
	struct stmt *q;
	struct value v;
	int r = 0;

	if (value_of(is, &v))
		return err_nomem(err);
	if (v.type != VALUE_NONE) {
		q = db_query(db, "INSERT INTO customer_attribute (key, value, customer_id, type, num)"
				 " VALUES ($1, $2, $3, $4, CAST($5 AS DOUBLE PRECISION))");
		db_bind_text(q, 1, key);
		db_bind_str(q, 2, v.text);
		db_bind_uuid(q, 3, id);
		db_bind_i64(q, 4, v.type);
		db_bind_text(q, 5, v.num[0] ? v.num : NULL);
		r = db_run(q, err);
	}
	value_free(&v);
	return r;
}

int attributes_index(struct db *db, const struct uuid *id, const json_t *old, const json_t *attributes, struct err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)old, key, v)
		if (!json_equal(v, json_object_get(attributes, key)) && drop(db, id, key, v, err))
			return -1;
	json_object_foreach ((json_t *)attributes, key, v)
		if (!json_equal(v, json_object_get(old, key)) && add(db, id, key, v, err))
			return -1;
	return 0;
}
