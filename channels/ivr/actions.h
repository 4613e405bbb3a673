/*
 * What a menu can have done, by <submit> or <data> to an address of the scheme threadline (README.md lists them):
 *
 *	<data src="threadline:sms" namelist="text"/>		goes on in the menu
 *	<submit next="threadline:callback?queue=care&amp;next=main.vxml%23bye" namelist="wish"/>
 *
 * Fields come in the query and in the body. `next`: where a <submit> goes on, a document of the folder; else it exits.
 */
#pragma once
#include "ivr/story.h"

typedef void action_done(void *arg, int status); /* of HTTP: 200, 404 no such action, 422 its fields are wrong, 503 */

/* Whether target is one: "threadline:sms?text=…". */
bool action_is(const char *target);
/* Runs it for the call. 0: it is done, *status says how; 1: done follows on the loop. */
int action_run(struct story *s, const char *target, struct str body, int *status, action_done *done, void *arg);
/* The document that a <submit> gets as the answer. before: what stands before `next`, "" or "../". */
void action_document(const char *target, struct str body, const char *before, struct buf *out);
