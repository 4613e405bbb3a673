/*
 * The engine of campaigns: a thread that keeps time and hands the writer one step after the other (send.h), as fast as the
 * campaign's pace and the outbox allow. What waits in the outbox is bounded: it is filled no faster than it drains, so that
 * a pause, a STOP or the end of an offer still reach almost everybody.
 *
 * Several gateways over one database may each have one: who holds a campaign's lease walks it.
 */
#pragma once
#include "campaign/campaign.h"

struct engine;

struct engine_config {
	struct writer *writer;
	struct readers *readers;
	struct events *events;
	struct outbound *outbound;
	bool learning; /* campaigns may learn */
	int queue;     /* marketing messages that may wait in the outbox; 0: no bound, for measuring */
};

int engine_start(const struct engine_config *c, struct engine **out, struct err *err);
void engine_nudge(struct engine *e); /* a campaign was started or resumed: look now. Any thread */
/* What writes its messages: for the writer's thread. */
struct sender *engine_sender(struct engine *e);
bool engine_learns(const struct engine *e); /* as configured */
void engine_stop(struct engine **e);	    /* waits for the step under way; before writer_stop */
