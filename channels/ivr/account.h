/*
 * An account of the IVR adapter: one door, the menus, the calls that are on. Everything runs on the account's loop.
 *
 *   door ──▶ call.c (a VoiceXML session over a line) ──▶ story.c (what is told of it) ──▶ the timeline
 *   message on channel ivr ──▶ place.c ──▶ door ──▶ call.c
 *
 * A call is one interaction, on the timeline from when it is up. A crash in the middle of it loses what was said in the last
 * seconds (GOES_ON_MS), but not what its menu has sent or stored before; at the next start the entry says that it was cut off.
 */
#pragma once
#include <sys/queue.h>

#include "ivr/door.h"
#include "ivr/menus.h"

enum { MENU_NAME_MAX = 128 };

TAILQ_HEAD(calls, call);
TAILQ_HEAD(page_calls, page_call);

struct account {
	const struct ivr_settings *set;
	const struct channel_host *host;
	const struct door_ops *ops;
	struct door_host door_host;
	struct door *door; /* NULL: pages over HTTP */
	struct menus *menus;
	struct address self; /* our number */
	struct calls calls;
	struct page_calls pages;
	size_t calls_n, out_n, stories_n;
	bool hungry, stopping, door_stopped, closed, paused;
	struct timer tidy;
};

/* adapter.c */
void ivr_rested(struct account *a); /* something was given back: CLOSED when it was the last */

/* pages.c */
extern const struct channel_route ivr_routes[];
int pages_check(const struct ivr_settings *set, struct err *err);
void pages_stop(struct account *a);
