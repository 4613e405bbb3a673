/*
 * The result of one attempt. A closed vocabulary with facts: what to do next is decided from the kind alone, in one place
 * (outbound/outcome.c); the code and name are for people and figures.
 */
#pragma once
#include "model/message.h"

enum outcome_kind {
	OUTCOME_SENT,	   /* the carrier took it; external ids of all parts are given */
	OUTCOME_RETRY,	   /* temporary: again with back-off until expiry */
	OUTCOME_THROTTLED, /* the carrier asks us to slow down: again soon, not counted as an attempt */
	OUTCOME_FAILED,	   /* permanent */
	OUTCOME_UNCERTAIN, /* it was on the wire and the answer was lost; see retry_after */
	OUTCOME_EXPIRED,   /* its life ended before it could be sent */
	OUTCOME_CANCELLED, /* cancelled while the adapter held it */
	OUTCOME_RELEASED   /* never reached the wire (link down, stopping): back into the outbox, not counted */
};

/* retry_after of UNCERTAIN: 0 leaves it to the purpose of the message (service: again; marketing: wait for the receipt);
 * OUTCOME_WAITS waits whatever the purpose. An adapter that is set to send again says RETRY. */
#define OUTCOME_WAITS (-1)

struct outcome {
	struct delivery_id id;
	int64_t token;
	enum outcome_kind kind;
	struct str code;		/* the carrier's code: "0x00000058"; empty if none */
	struct str reason;		/* its name: "ESME_RTHROTTLED" */
	int64_t retry_after;		/* microseconds; 0: the host's back-off */
	const struct str *external_ids; /* one for each part, in order; a part without id is empty */
	size_t external_ids_n;
	int64_t at;
};

const char *outcome_word(enum outcome_kind k);
