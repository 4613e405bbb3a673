/* Customers and what they said, for the tests of timeline/ and intake/. Times are in hours before NOW where an int. */
#pragma once
#include "timeline/conversation.h"
#include "unit/store_rig.h"

#define LINE_NOW (INT64_C(1790000000) * 1000000)

struct timeline_rig {
	struct store_rig s;
	struct arena *arena;
};

void timeline_rig_open(struct timeline_rig *r); /* within a transaction */
void timeline_rig_close(struct timeline_rig *r);
struct address line_address(enum scheme s, const char *value);
struct identity line_who(struct timeline_rig *r, enum scheme s, const char *value);
/* A conversation in this state, last active (or closed) so many hours ago. */
struct uuid line_conversation(struct timeline_rig *r, const struct uuid *customer, enum conversation_state state,
			      int hours);
/* An interaction; NULL conversation: none. */
struct uuid line_interaction(struct timeline_rig *r, const struct uuid *customer, enum direction d, enum channel c,
			     int64_t at, const struct uuid *conversation, const char *text);
void line_delivery(struct timeline_rig *r, const struct uuid *message, int n, enum status s);
/* How many events of this type there are. */
int64_t line_events(struct timeline_rig *r, const char *type);
