/* Private to timeline/: the columns of an interaction, in the order in which all its statements select them. */
#pragma once
#include "base/json.h"
#include "timeline/interaction.h"

#define INTERACTION_COLUMNS                                                                                           \
	"i.id, i.customer_id, i.conversation_id, i.contact_scheme, i.contact_address, i.at, i.channel, i.direction, " \
	"i.kind,"                                                                                                     \
	" i.account, i.author, i.subject, i.content, i.attachments, i.metadata, i.thread_reason"
enum { INTERACTION_COLUMNS_N = 16 };

/* The row that q stands on, from column 0. Strings live until the next step. */
void interaction_row(struct stmt *q, struct interaction *out);
/* Strings moved to the arena. */
int interaction_keep(struct interaction *i, struct arena *a, struct err *err);
/* Opens the object and writes all but "deliveries" and "status"; the caller adds those and closes it. customer: whose id
 * is shown, the survivor. */
void interaction_open(struct json_out *j, const char *key, const struct interaction *i, const struct uuid *customer);
/* "status", after the deliveries: the last one's. */
void interaction_status(struct json_out *j, const struct interaction *i, enum status last);
/* Whether customer is one of the set. */
bool member_of(const struct uuid *customer, const struct uuid *members, size_t n);
