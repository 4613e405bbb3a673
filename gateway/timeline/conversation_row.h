/* Private to timeline/: rows of conversations, shared by the rule (conversation.c), the store and the split. */
#pragma once
#include "timeline/conversation.h"

#define CONVERSATION_COLUMNS                                                                                       \
	"c.id, c.customer_id, c.state, c.channel, c.subject, c.assignee, c.last_text, c.opened_at, c.updated_at, " \
	"c.closed_at,"                                                                                             \
	" c.snoozed_until, c.last_in_at, c.last_out_at, c.reopened, c.version, c.topic"

enum { PREVIEW_BYTES = 160 };

/* The row that q stands on, from column 0. Strings live until the next step. */
void conversation_row(struct stmt *q, struct conversation *out);
int conversation_keep(struct conversation *c, struct arena *a, struct err *err);
int conversation_insert(struct db *db, const struct conversation *c, struct err *err);
/* The beginning of a text, whole characters, for lists. */
struct str conversation_preview(struct str text);
/* data: JSON object or empty. */
int conversation_event(struct db *db, struct events *ev, const char *type, const struct uuid *id,
		       const struct uuid *customer, enum channel channel, struct str data, int64_t now,
		       struct err *err);
