/*
 * Conversations: the interactions about one matter, across channels.
 *
 * The rule by which an interaction finds its conversation, first match wins (the sentence is stored with it and shown):
 *   1. what it carries back names one: reply token, external reference, conversation id of the request;
 *   2. it is a mail "Re: …" with the subject of a mail to or from this customer of the last 14 days;
 *   3. it answers our most recent outbound message to this customer, on whatever channel, within reply_window:
 *      that message's conversation, or a new one begun by it ("reply to message 0192… by SMS within 72 h");
 *   4. the customer's most recently active open, pending or snoozed conversation;
 *   5. one closed less than reopen_window ago is reopened;
 *   6. a new one.
 * What a robot sends opens and reopens nothing: it is only put beside what it names. What asks for nothing (a call that
 * only listened) joins by rules 1 to 4, and opens and reopens nothing either.
 * Never across customers: a conversation is only joined by members of one merge set.
 */
#pragma once
#include "timeline/interaction.h"

struct conversation_rules {
	int64_t reply_window, reopen_window; /* microseconds; 72 h each by default */
};

struct conversation {
	struct uuid id, customer;
	enum conversation_state state;
	enum channel channel; /* of the last inbound */
	struct str subject, assignee, last_text;
	struct str topic; /* "complaint", "fault": what it is about, in one word; may be empty */
	int64_t opened_at, updated_at, closed_at, snoozed_until, last_in_at, last_out_at;
	int64_t version;
	int reopened;
};

struct carried {	     /* what an inbound brings back of what we gave out */
	struct uuid answers; /* message or conversation; nil: none is named */
	const char *by;	     /* static: "In-Reply-To"; NULL: "its token" */
	bool automatic;	     /* sent by a robot */
	bool quiet;	     /* asks for nothing */
};

/* Decides for an inbound, creates or reopens as the rule says, appends the conversation.* events, and fills
 * i->conversation and i->thread_reason (text in the arena). */
int conversation_thread_inbound(struct db *db, struct events *ev, const struct conversation_rules *rules,
				const struct identity *who, const struct carried *carried, struct interaction *i,
				struct arena *a, int64_t now, struct err *err);
/* For an outbound: `wanted` as the request names it (checked: same merge set, else ERR_SEMANTIC "conversation_mismatch"),
 * else the latest open one if service; else none. Updates last_out_at. */
int conversation_thread_outbound(struct db *db, struct events *ev, const struct uuid *members, size_t members_n,
				 const struct uuid *wanted, enum purpose purpose, struct interaction *i,
				 struct arena *a, int64_t now, struct err *err);

struct conversation_patch {
	bool set_state, set_assignee, set_subject, set_topic, set_snoozed_until;
	enum conversation_state state;
	struct str assignee, subject, topic; /* empty assignee: nobody */
	int64_t snoozed_until;
	int64_t if_version; /* 0: any; else compare-and-set: how an agent claims */
};
int conversation_update(struct db *db, struct events *ev, const struct uuid *id, const struct conversation_patch *p,
			const char *author, int64_t now, struct err *err);
int conversation_get(struct db *db, const struct uuid *id, struct arena *a, struct conversation *out, struct err *err);
void conversation_json(struct json_out *j, const char *key, const struct conversation *c);

struct conversation_query {
	unsigned states;     /* bit set; 0: all */
	struct str assignee; /* .p NULL: all; "": nobody's */
	enum channel channel;
	struct uuid customer; /* nil: all */
	int64_t before_at;    /* keyset over (updated_at, id); 0: from the newest */
	struct uuid before_id;
	int limit;
};
int conversation_list(struct db *db, const struct conversation_query *q,
		      void (*fn)(void *arg, const struct conversation *c), void *arg, struct err *err);
/* Snoozed ones whose time has come are opened; returns how many. Run by the scheduler as a write job. */
int conversation_wake(struct db *db, struct events *ev, int64_t now, struct err *err);
/* After an unmerge: conversations shared by the two sides are split so that each side keeps its own interactions. */
int conversation_split(struct db *db, struct events *ev, const struct uuid *survivor, const struct uuid *restored,
		       int64_t now, struct err *err);
