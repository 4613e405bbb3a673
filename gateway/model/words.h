/*
 * The closed vocabularies of the house and their text forms (the same in the store, the API and the log).
 * Numbers are stored in the database: never renumber, only append.
 */
#pragma once
#include "base/str.h"

enum channel { CHANNEL_NONE, CHANNEL_SMS, CHANNEL_EMAIL, CHANNEL_WEB, CHANNEL_IVR, CHANNEL_LOOPBACK, CHANNEL_COUNT };
enum direction { DIRECTION_INTERNAL, DIRECTION_INBOUND, DIRECTION_OUTBOUND };
enum kind { KIND_MESSAGE, KIND_NOTE, KIND_CALL, KIND_EVENT, KIND_OFFER };

/* Order is the ladder: a status only ever moves to a greater number (status_may_follow). */
enum status {
	STATUS_NONE,
	STATUS_SCHEDULED,  /* send_at is in the future */
	STATUS_QUEUED,	   /* in the outbox */
	STATUS_SENDING,	   /* claimed, perhaps on the wire */
	STATUS_UNCERTAIN,  /* the answer was lost; waits for its receipt, is not sent again */
	STATUS_SENT,	   /* the carrier took it */
	STATUS_PARTIAL,	   /* some parts are delivered ("partially_delivered") */
	STATUS_SUPPRESSED, /* policy refused it; reason says why */
	STATUS_CANCELLED,
	STATUS_EXPIRED,
	STATUS_REJECTED, /* the carrier refused it for good */
	STATUS_FAILED,
	STATUS_UNDELIVERED, /* the carrier gave up after taking it */
	STATUS_DELIVERED,
	STATUS_READ,
	STATUS_RECEIVED, /* inbound */
	STATUS_COUNT
};

/* Tracking is no purpose of messages, only of consents: may we see that links are followed and mails opened? */
enum purpose { PURPOSE_SERVICE, PURPOSE_MARKETING, PURPOSE_SURVEY, PURPOSE_TRACKING };
enum priority { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_BULK, PRIORITY_COUNT }; /* replies; service; bulk */
enum conversation_state { CONVERSATION_OPEN, CONVERSATION_PENDING, CONVERSATION_SNOOZED, CONVERSATION_CLOSED };
enum stage { STAGE_PROSPECT, STAGE_LEAD, STAGE_ACTIVE, STAGE_SUSPENDED, STAGE_CHURNED }; /* customer lifecycle */
enum role { ROLE_AGENT, ROLE_MARKETING, ROLE_INTEGRATION, ROLE_ADMIN };
/* PENDING: asked whether the opt-in is theirs (customer/confirmation.h); until the answer it permits nothing but service. */
enum consent_state { CONSENT_UNKNOWN, CONSENT_IN, CONSENT_OUT, CONSENT_PENDING };

const char *channel_word(enum channel v);
const char *direction_word(enum direction v);
const char *kind_word(enum kind v);
const char *status_word(enum status v);
const char *purpose_word(enum purpose v);
const char *consent_purpose_word(enum purpose v); /* the same */
const char *priority_word(enum priority v);
const char *conversation_state_word(enum conversation_state v);
const char *stage_word(enum stage v);
const char *role_word(enum role v);
const char *consent_word(enum consent_state v);

bool channel_parse(struct str s, enum channel *out);
bool direction_parse(struct str s, enum direction *out);
bool kind_parse(struct str s, enum kind *out);
bool status_parse(struct str s, enum status *out);
bool purpose_parse(struct str s, enum purpose *out);	     /* of a message */
bool consent_purpose_parse(struct str s, enum purpose *out); /* tracking too */
bool priority_parse(struct str s, enum priority *out);
bool conversation_state_parse(struct str s, enum conversation_state *out);
bool stage_parse(struct str s, enum stage *out);
bool role_parse(struct str s, enum role *out);
bool consent_parse(struct str s, enum consent_state *out);

/* May a delivery in `from` move to `to`? Forward only; final states take nothing but a later truth of the carrier
 * (uncertain, sent, partial → delivered; expired or undelivered → delivered, since networks do change their mind;
 * delivered → read). Cancelled, suppressed, rejected and failed are the end. */
bool status_may_follow(enum status from, enum status to);
bool status_is_final(enum status s);
