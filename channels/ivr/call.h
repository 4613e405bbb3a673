/*
 * One call: a VoiceXML session that runs over a line of the door. Whoever calls is looked up first; then the line is
 * answered, and the menu runs until it exits or somebody hangs up. What came of it is told by its story.
 */
#pragma once
#include "ivr/story.h"

enum call_doing {
	CALL_ASKING,	/* who is it? */
	CALL_PLACING,	/* the line rings at the customer's */
	CALL_ANSWERING, /* told the door to answer */
	CALL_PLAYING,	/* prompts before what the action asks for */
	CALL_LISTENING, /* for keys */
	CALL_RECORDING,
	CALL_TRANSFERRING,
	CALL_FETCHING,
	CALL_LEAVING, /* hung up; the door's last word is due */
	CALL_OVER,
};

struct call {
	TAILQ_ENTRY(call) list;
	struct account *a;
	struct line *line; /* NULL: it has ended */
	struct story *story;
	json_t *data; /* what menus see */
	char menu[MENU_NAME_MAX];
	struct vxml_doc *inline_doc;
	struct vxml_session *session;
	const struct vxml_action *act;
	enum call_doing doing;
	bool asking;	/* the host's answer about the caller is due */
	bool dropping;	/* the menu went on: what the door still does is being stopped, then act is done */
	bool exited;	/* the session is over */
	char ahead[32]; /* keys that came before the prompt that they end could be heard */
	size_t ahead_n;
	int depth, idle; /* steps since the line ended */
	struct timer timer, life;
	struct delivery *placed; /* a message: copied; NULL: a call that came in */
	bool told;		 /* its outcome */
	char ended_by[12], reason[80];
};

/* members of struct door_host */
struct call *call_incoming(struct account *a, struct line *l, const struct door_caller *who);
void call_answered(struct call *c);
void call_digit(struct call *c, char key);
void call_played(struct call *c, bool barged);
void call_recorded(struct call *c, const struct door_recording *r);
void call_transferred(struct call *c, enum transfer_end how, int talked_ms);
void call_ended(struct call *c, const struct door_end *e);

/* call.c, for call_door.c and place.c */
void call_fill(json_t *data, struct str known, const struct story *s); /* what menus see */
void call_identify(const struct account *a, const struct door_caller *who, struct story *s);
struct call *call_new(struct account *a, struct str id);
void call_ask(struct call *c);	 /* who it is; then the call begins */
void call_begin(struct call *c); /* the line is up */
void call_drive(struct call *c, struct vxml_event ev);
void call_hang_up(struct call *c, const char *reason);
void call_finish(struct call *c); /* nothing more will come: tells the story, frees */

/* place.c */
void place_answered(struct call *c);
void place_ended(struct call *c, const struct door_end *e);
