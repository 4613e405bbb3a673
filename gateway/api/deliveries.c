/* Deliveries: the life of a message on one channel. A delivery is named "<message id>.<n>". */
#include "api/api.h"
#include "timeline/cursor.h"
#include "timeline/delivery_json.h"

int message_deliveries(struct request *r, struct err *err)
{
	struct interaction i;
	struct uuid id;
	enum status last;
	struct db *db = request_db(r, err);

	if (!db || path_uuid(r, 0, &id, err) || interaction_get(db, &id, r->arena, &i, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (deliveries_json(db, &r->json, "data", &id, &last, err))
		return -1;
	json_null_(&r->json, "next");
	json_end(&r->json);
	return 0;
}

int delivery_get(struct request *r, struct err *err)
{
	struct str p = r->param[0];
	const char *dot = p.n ? memrchr(p.p, '.', p.n) : NULL;
	struct db *db = request_db(r, err);
	struct stmt *q;
	struct uuid id;
	int64_t n;
	int k;

	if (!db)
		return -1;
	if (!dot || !uuid_parse(str_n(p.p, (size_t)(dot - p.p)), &id) ||
	    !str_i64(str_n(dot + 1, p.n - (size_t)(dot + 1 - p.p)), &n))
		return err_set(err, ERR_NOT_FOUND, "delivery_not_found", NULL, "a delivery is named <message id>.<n>");
	q = db_query(db, "SELECT " DELIVERY_COLUMNS
			 " FROM delivery d WHERE d.bucket = $1 AND d.message_id = $2 AND d.n = $3");
	db_bind_i64(q, 1, bucket_of(&id));
	db_bind_uuid(q, 2, &id);
	db_bind_i64(q, 3, n);
	k = db_step(q, err);
	if (k == DB_ROW) {
		request_json(r, 200);
		delivery_json(&r->json, NULL, q, 0);
	}
	db_done(q);
	return k == DB_ROW     ? 0
	       : k == DB_ERROR ? -1
			       : err_set(err, ERR_NOT_FOUND, "delivery_not_found", NULL, "there is no such delivery");
}

/* Newest first: message ids grow with time. Filters are applied while the ids are walked; an operator's list, not a hot
 * path. */
int delivery_list(struct request *r, struct err *err)
{
	struct str status = request_query(r, "status"), account = request_query(r, "account"),
		   reason = request_query(r, "reason"), at = request_query(r, "cursor");
	struct cursor c = {0}, last = {0};
	char next[CURSOR_TEXT];
	enum status wanted = STATUS_NONE;
	struct db *db = request_db(r, err);
	struct stmt *q;
	int limit, n = 0, k;

	if (!db || query_limit(r, &limit, err))
		return -1;
	if (status.p && !status_parse(status, &wanted))
		return err_set(err, ERR_INVALID, "word_unknown", "status", "not a delivery status");
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	q = db_query(db, "SELECT " DELIVERY_COLUMNS
			 " FROM delivery d WHERE ($1 IS NULL OR d.message_id < $1) AND ($2 = 0 OR d.status = $2)"
			 " AND ($3 = '' OR d.account = $3) AND ($5 = '' OR d.reason = $5) ORDER BY d.message_id DESC, "
			 "d.n DESC LIMIT $4");
	db_bind_uuid(q, 1, &c.id);
	db_bind_i64(q, 2, wanted);
	db_bind_str(q, 3, account.p ? account : STR(""));
	db_bind_i64(q, 4, limit);
	db_bind_str(q, 5, reason.p ? reason : STR(""));
	list_begin(r);
	while ((k = db_step(q, err)) == DB_ROW) {
		delivery_json(&r->json, NULL, q, 0);
		db_col_uuid(q, 0, &last.id);
		n++;
	}
	db_done(q);
	if (k == DB_ERROR)
		return -1;
	cursor_text(&last, next);
	list_end(r, n == limit ? next : NULL);
	return 0;
}
