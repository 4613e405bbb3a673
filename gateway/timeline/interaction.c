#include "timeline/interaction.h"

#include "store/bucket.h"
#include "timeline/delivery_json.h"
#include "timeline/interaction_row.h"

static void bind_contact(struct stmt *q, int n, const struct interaction *i)
{
	if (!i->has_contact)
		return; /* unbound is NULL */
	db_bind_i64(q, n, i->contact.scheme);
	db_bind_text(q, n + 1, i->contact.value);
}

static void bind_optional(struct stmt *q, int n, struct str v)
{
	if (v.n)
		db_bind_str(q, n, v);
}

int interaction_append(struct db *db, struct interaction *i, struct err *err)
{
	struct stmt *q = db_query(
		db, "INSERT INTO interaction (bucket, customer_id, id, conversation_id, contact_scheme,"
		    " contact_address, at, channel, direction, kind, account, author, subject, content, attachments,"
		    " metadata, thread_reason)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
	if (uuid_is_nil(&i->id))
		i->id = uuid7_in(i->at, (uint8_t)bucket_of(&i->customer));
	db_bind_i64(q, 1, bucket_of(&i->customer));
	db_bind_uuid(q, 2, &i->customer);
	db_bind_uuid(q, 3, &i->id);
	db_bind_uuid(q, 4, &i->conversation);
	bind_contact(q, 5, i);
	db_bind_i64(q, 7, i->at);
	db_bind_i64(q, 8, i->channel);
	db_bind_i64(q, 9, i->direction);
	db_bind_i64(q, 10, i->kind);
	bind_optional(q, 11, i->account);
	db_bind_str(q, 12, i->author);
	db_bind_str(q, 13, i->subject);
	db_bind_str(q, 14, i->content);
	bind_optional(q, 15, i->attachments);
	bind_optional(q, 16, i->metadata);
	db_bind_str(q, 17, i->thread_reason);
	return db_run(q, err);
}

int interaction_complete(struct db *db, const struct interaction *i, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE interaction SET conversation_id = $4, subject = $5, content = $6,"
				      " attachments = $7, metadata = $8, thread_reason = $9"
				      " WHERE bucket = $1 AND customer_id = $2 AND id = $3");

	db_bind_i64(q, 1, bucket_of(&i->customer));
	db_bind_uuid(q, 2, &i->customer);
	db_bind_uuid(q, 3, &i->id);
	db_bind_uuid(q, 4, &i->conversation);
	db_bind_str(q, 5, i->subject);
	db_bind_str(q, 6, i->content);
	bind_optional(q, 7, i->attachments);
	bind_optional(q, 8, i->metadata);
	db_bind_str(q, 9, i->thread_reason);
	return db_run(q, err);
}

void interaction_row(struct stmt *q, struct interaction *out)
{
	struct str address = db_col_str(q, 4);

	db_col_uuid(q, 0, &out->id);
	db_col_uuid(q, 1, &out->customer);
	db_col_uuid(q, 2, &out->conversation);
	out->has_contact = address.n > 0 && address.n <= ADDRESS_MAX;
	if (out->has_contact) {
		out->contact.scheme = (enum scheme)db_col_i64(q, 3);
		memcpy(out->contact.value, address.p, address.n);
		out->contact.value[address.n] = 0;
	}
	out->at = db_col_i64(q, 5);
	out->channel = (enum channel)db_col_i64(q, 6);
	out->direction = (enum direction)db_col_i64(q, 7);
	out->kind = (enum kind)db_col_i64(q, 8);
	out->account = db_col_str(q, 9);
	out->author = db_col_str(q, 10);
	out->subject = db_col_str(q, 11);
	out->content = db_col_str(q, 12);
	out->attachments = db_col_str(q, 13);
	out->metadata = db_col_str(q, 14);
	out->thread_reason = db_col_str(q, 15);
}

int interaction_keep(struct interaction *i, struct arena *a, struct err *err)
{
	struct str *const texts[] = {&i->account,     &i->author,   &i->subject,      &i->content,
				     &i->attachments, &i->metadata, &i->thread_reason};

	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		*texts[k] = arena_str(a, *texts[k]);
		if (!texts[k]->p)
			return err_nomem(err);
	}
	return 0;
}

int interaction_get(struct db *db, const struct uuid *id, struct arena *a, struct interaction *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " INTERACTION_COLUMNS " FROM interaction i WHERE i.id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct interaction){0};
		interaction_row(q, out);
		r = interaction_keep(out, a, err) ? DB_ERROR : DB_ROW;
	} else if (r == DB_END) {
		err_set(err, ERR_NOT_FOUND, "interaction_unknown", NULL, "there is no such interaction");
	}
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

static void contact(struct json_out *j, const struct interaction *i)
{
	if (!i->has_contact) {
		json_null_(j, "contact");
		return;
	}
	json_obj(j, "contact");
	json_cstr(j, "scheme", scheme_word(i->contact.scheme));
	json_cstr(j, "address", i->contact.value);
	json_end(j);
}

void interaction_open(struct json_out *j, const char *key, const struct interaction *i, const struct uuid *customer)
{
	json_obj(j, key);
	json_uuid(j, "id", &i->id);
	json_uuid(j, "customer_id", customer);
	json_uuid(j, "conversation_id", &i->conversation);
	json_cstr(j, "channel", i->channel == CHANNEL_NONE ? NULL : channel_word(i->channel));
	json_cstr(j, "direction", direction_word(i->direction));
	json_cstr(j, "kind", kind_word(i->kind));
	json_time(j, "at", i->at);
	json_str(j, "author", i->author);
	json_str(j, "subject", i->subject);
	json_str(j, "text", i->content);
	json_raw(j, "attachments", i->attachments.n ? i->attachments : STR("[]"));
	json_raw(j, "metadata", i->metadata.n ? i->metadata : STR("{}"));
	contact(j, i);
	if (i->account.n)
		json_str(j, "account", i->account);
	else
		json_null_(j, "account");
	json_str(j, "thread_reason", i->thread_reason);
}

void interaction_status(struct json_out *j, const struct interaction *i, enum status last)
{
	if (i->direction == DIRECTION_INBOUND && i->kind == KIND_MESSAGE)
		last = STATUS_RECEIVED;
	json_cstr(j, "status", last == STATUS_NONE ? NULL : status_word(last));
}

int interaction_json(struct db *db, struct json_out *j, const char *key, const struct interaction *i, struct err *err)
{
	struct uuid survivor;
	enum status last = STATUS_NONE;
	int r = 0;

	if (identity_survivor(db, &i->customer, &survivor, err))
		return -1;
	interaction_open(j, key, i, &survivor);
	if (i->direction == DIRECTION_OUTBOUND)
		r = deliveries_json(db, j, "deliveries", &i->id, &last, err);
	interaction_status(j, i, last);
	json_end(j);
	return r;
}

bool member_of(const struct uuid *customer, const struct uuid *members, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (uuid_eq(customer, &members[k]))
			return true;
	return false;
}
