/*
 * What is told of one call: who called, what they heard and pressed, what they said into the recorder, what they wish, how
 * it ended. It is begun when the call is up, told again every GOES_ON_MS while there is news, and told whole when the call is
 * over and all that was to be stored is stored; then it frees itself.
 *
 *   story_new → story_begin → story_step, story_file, … → story_end
 */
#pragma once
#include "ivr/account.h"

enum { STORY_FILES = 8, STORY_STEPS = 200, GOES_ON_MS = 5000 };

struct story {
	struct account *a;
	char id[160]; /* the door's */
	struct address who, to;
	bool known;		     /* who is somebody */
	bool withheld;		     /* the caller did not show their number */
	bool placed;		     /* we called */
	struct str name;	     /* display name; own memory */
	int64_t at, began, answered; /* wall clock; loop's clock; 0: never */
	struct uuid message;	     /* placed: what it carries */
	struct buf steps;	     /* members of a JSON array, then text for people */
	struct buf text;
	int steps_n;
	struct attachment files[STORY_FILES];
	char file_names[STORY_FILES][32];
	size_t files_n;
	char wish[24], queue[64];
	int score; /* 1..5; 0: not asked */
	char ended_by[12];
	char reason[80];
	int pending;		   /* answers of the host that are due */
	bool ended, wanted, input; /* input: the customer pressed or said something */
	struct timer again, news;  /* news: steps that are not written yet */
	bool begun, news_due;
	size_t files_due; /* on their way into the store */
	int tries;
};

struct story *story_new(struct account *a, struct str id); /* NULL: no memory */
/* The call is up, and somebody's: it is on the timeline from now on. Once. */
void story_begin(struct story *s);
/* value: what was pressed or came of it; "" or NULL: nothing to show. */
void story_step(struct story *s, const char *step, const char *name, const char *value);
/* Puts the bytes into the store; returns the number that the menu knows it by, 0: too many. */
size_t story_file(struct story *s, struct str bytes, const char *type);
void story_wish(struct story *s, const char *wish, struct str queue, struct str text);
/* Sets the customer's consent at once. */
void story_consent(struct story *s, unsigned purposes, enum consent_state state);
/* by: "caller", "gateway", "network". tell false: nothing is written (a placed call that nobody took). */
void story_end(struct story *s, const char *by, const char *reason, bool tell);

/* For answers of the host that are due: the story stays until as many were put as were held. */
void story_hold(struct story *s);
void story_put(struct story *s);
