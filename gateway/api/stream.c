/* GET /v1/stream: what happens, as it happens (server-sent events). */
#include "api/api.h"
#include "base/settings.h"

enum { TYPES_MAX = 16 };

static int read_types(struct request *r, const char **types, struct event_filter *f, struct err *err)
{
	struct str s = request_query(r, "types"), item;
	char *list;
	size_t pos = 0, n = 0;

	if (!s.n)
		return 0;
	list = arena_strndup(r->arena, s.p, s.n);
	if (!list)
		return err_nomem(err);
	while (settings_list_next(list, &pos, &item)) {
		if (n == TYPES_MAX)
			return err_set(err, ERR_INVALID, "too_many_types", "types", "at most %d types", TYPES_MAX);
		types[n] = arena_strndup(r->arena, item.p, item.n);
		if (!types[n++])
			return err_nomem(err);
	}
	f->types = n ? types : NULL;
	return 0;
}

static int read_customer(struct request *r, struct event_filter *f, struct err *err)
{
	struct uuid id = {{0}}, members[MEMBERS_MAX];
	struct db *db;
	int n;

	if (query_uuid(r, "customer_id", &id, err))
		return -1;
	if (uuid_is_nil(&id))
		return 0;
	db = request_db(r, err);
	if (!db || (n = identity_members(db, &id, members, err)) < 0)
		return -1;
	f->customers_n = (size_t)n < sizeof f->customers / sizeof *f->customers
				 ? (size_t)n
				 : sizeof f->customers / sizeof *f->customers;
	memcpy(f->customers, members, f->customers_n * sizeof *members);
	return 0;
}

int stream_follow(struct request *r, struct err *err)
{
	const char *types[TYPES_MAX + 1] = {0};
	struct str channel = request_query(r, "channel"), last = request_in_header(r, "Last-Event-ID");
	struct event_filter f = {0};
	int64_t after = -1;

	if (!last.n)
		last = request_query(r, "last_event_id");
	if (last.n && (!str_i64(last, &after) || after < 0))
		return err_set(err, ERR_INVALID, "cursor_invalid", "Last-Event-ID",
			       "the number of an event of this stream");
	if (channel.p && !channel_parse(channel, &f.channel))
		return err_set(err, ERR_INVALID, "word_unknown", "channel", "not a channel");
	if (read_types(r, types, &f, err) || read_customer(r, &f, err) ||
	    query_uuid(r, "conversation_id", &f.conversation, err))
		return -1;
	return request_stream(r, &f, after, err);
}
