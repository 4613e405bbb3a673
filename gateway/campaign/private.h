/* What the files of campaign/ share. */
#pragma once
#include "campaign/uptake.h"
#include "customer/identity.h"

/* One step of a customer with an offer, inside a write job (uptake.c). */
struct step {
	struct db *db;
	struct events *ev;
	struct outbound_batch *b;
	struct arena *arena;
	const struct uptake *u;
	int64_t now;
	struct uptake_result *out;
	struct offer offer;
	struct uuid members[MEMBERS_MAX];
	int members_n;
	/* where the customer stands */
	bool known, opened, clicked;
	struct uuid owner; /* whose row it is */
	enum uptake_state state;
	int64_t taken, owner_taken, updated_at; /* taken: by all members */
	struct str variant;
	struct uuid message; /* that presented it */
};

int step_begin(struct step *s, struct err *err); /* reads the offer and where the customer stands */
int step_stand(struct step *s, struct err *err); /* again */
int step_tell(struct step *s, struct err *err);	 /* timeline, event, figures */
/* The answer to somebody who comes too late. */
int uptake_closed(struct step *s, struct err *err);
