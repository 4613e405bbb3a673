/*
 * May we disturb this customer now? What stands beside consent against a message that is no service: holds, an open
 * complaint, frequency caps, quiet hours. Each rule can be asked by itself, so that "why did this customer not get it" has an
 * answer; may_disturb asks all of them in that order.
 *
 * Rules NULL: nothing stands against it. A struct calendars belongs to the caller's thread.
 */
#pragma once
#include "base/arena.h"
#include "model/address.h"
#include "model/words.h"
#include "outbound/rules.h"
#include "store/db.h"

struct may_question {
	const struct policy_rules *rules;
	struct calendars *calendars;
	struct db *db;
	const struct address *to;
	const struct uuid *members; /* of the merge set, survivor first */
	size_t members_n;
	enum purpose purpose;
	int64_t at;	     /* when it would be sent */
	bool counted;	     /* it has its place under the caps already */
	struct str zone;     /* the customer's; .p NULL: looked up when it is needed */
	struct arena *arena; /* for that */
};

enum may { MAY, MAY_NOT, MAY_LATER, MAY_FAILED = -1 };

/* MAY_NOT: *reason is "held", "topic_open" or "frequency_cap". MAY_LATER: *reason as quiet.h has it, *until when. Static. */
enum may may_disturb(const struct may_question *q, int64_t *until, const char **reason, struct err *err);
enum may may_held(const struct may_question *q, const char **reason, struct err *err);
enum may may_topic(const struct may_question *q, const char **reason, struct err *err);
enum may may_often(const struct may_question *q, const char **reason, struct err *err);
enum may may_hour(const struct may_question *q, int64_t *until, const char **reason, struct err *err);

/* A marketing message was accepted: it counts. */
int may_count(struct db *db, const struct uuid *customer, int64_t at, const struct uuid *message, struct err *err);
/* It was not sent after all. */
int may_uncount(struct db *db, const struct uuid *customer, const struct uuid *message, struct err *err);
