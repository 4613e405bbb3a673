/*
 * Events: what has happened, in order, for everyone who follows (event stream, search index, later webhooks and desks).
 *
 * Appended in the caller's transaction (event_append, writer's thread only); numbered in the order of commits, over all
 * gateways that share the store; published to followers only after the commit, in batches. A follower keeps a cursor and reads with events_read: recent events come
 * from a ring in memory, older ones from the table. Events carry ids and facts, never message text.
 */
#pragma once
#include "base/json.h"
#include "model/words.h"
#include "store/db.h"
#include "store/readers.h"
#include "store/writer.h"

struct events; /* the feed: one per process */

struct event {
	int64_t seq, at;
	const char *type; /* "message.delivered"; static in append, valid for the call in read */
	struct uuid customer, conversation, interaction; /* nil where it does not apply */
	enum channel channel;
	struct str data; /* JSON object, "" means {} */
};

/* ring: how many recent events stay in memory. */
int events_new(struct readers *readers, size_t ring, struct events **out, struct err *err);
void events_free(struct events **e);
/* Hooks that main gives to writer_start. */
struct writer_hooks events_hooks(struct events *e);

/* Inside a write job. Sets ev->seq. Copies. */
int event_append(struct events *e, struct db *db, struct event *ev, struct err *err);
/* A number that changes when something other than a message has happened to the customer, also if it is rolled back: what
 * one remembers about a customer holds as long as it is the same. The writer's thread only. */
uint64_t events_touched(const struct events *e, const struct uuid *customer);
/* Not stored and not numbered (seq 0): typing and the like. Any thread. Reaches followers that are connected now. */
void event_flash(struct events *e, const struct event *ev);

struct event_filter {
	const char *const *types;  /* NULL-terminated prefixes ("message.", "conversation.opened"); NULL: all */
	struct uuid customers[16]; /* any of these (a merge set); n 0: all */
	size_t customers_n;
	struct uuid conversation; /* nil: all */
	enum channel channel;	  /* CHANNEL_NONE: all */
	char about[64];		  /* the data begins with this; empty: all */
};
bool event_matches(const struct event_filter *f, const struct event *ev);

int64_t events_last(struct events *e); /* newest committed seq that is known here */
/* Where gateways share the store: looks for what others have written and wakes the followers. 1: there was something since
 * the last call, 0: nothing (always for a store of our own), -1 err. From one thread, many times a second. */
int events_poll(struct events *e, struct err *err);
/* Calls fn for up to `most` matching events with seq > after, in order, on the caller's thread with nothing locked.
 * Returns the seq to continue from (it advances over events that did not match), or -1 with err; ERR_NOT_FOUND
 * "cursor_expired" when `after` was trimmed away or is of another store. It stops early after a good many rows of the
 * table: whoever gets less than events_last has more to read. */
int64_t events_read(struct events *e, int64_t after, const struct event_filter *f, int most,
		    void (*fn)(void *arg, const struct event *ev), void *arg, struct err *err);

/* wake runs on the writer's thread after a commit that appended something: post to your own loop there, no more.
 * flash gets ephemeral events, on the caller's thread; may be NULL. Neither may follow or unfollow. */
struct events_follower {
	struct events_follower *next;
	void (*wake)(void *arg);
	void (*flash)(void *arg, const struct event *ev);
	void *arg;
};
void events_follow(struct events *e, struct events_follower *f);
void events_unfollow(struct events *e, struct events_follower *f); /* after return no call is running or will come */

/* As JSON: {"seq","at","type","customer_id","conversation_id","interaction_id","channel","data"} */
void event_json(struct json_out *j, const struct event *ev);
/* A write job body: forgets events older than `before`, so many at a time; the newest always stays. Returns how many. */
int events_trim(struct db *db, int64_t before, struct err *err);
