/*
 * What crosses the channel interface, in both directions. Plain data: pointers belong to the giver and live for the
 * call only; who keeps something copies it.
 */
#pragma once
#include "base/uuid.h"
#include "model/address.h"
#include "model/words.h"

/* One file; the bytes lie in the blob store under their SHA-256. */
struct attachment {
	char sha256[65];
	struct str name, type;
	int64_t size;
};

/* Names one delivery: the n-th attempt to carry one message over one channel. */
struct delivery_id {
	struct uuid message; /* the interaction's id; its last byte is the bucket */
	uint16_t n;
};

/* A delivery that the outbox hands to an adapter. */
struct delivery {
	struct delivery_id id;
	int64_t token; /* fencing token of this claim; give it back with the outcome */
	struct uuid customer, conversation;
	struct address to;
	struct str from; /* sender address or name; empty: the account's default */
	struct str subject, text;
	const struct attachment *attachments;
	size_t attachments_n;
	enum purpose purpose;
	enum priority priority;
	int64_t expires_at;	/* 0: none. The adapter tells the carrier the rest of the life, where it can. */
	bool receipt;		/* ask the carrier for a receipt */
	struct str options;	/* JSON object of channel-specific wishes ("flash", "encoding"), {} if none */
	struct str correlation; /* goes into every log line about it */
	uint16_t attempt;
};

/* Something that came in. Without text and attachments it only identifies (links claims and proofs), and appends no
 * interaction. */
/* Most things that come in are whole when they come. A call takes its time: it is written when it begins, so that a crash
 * loses no more than what was said since, again while it goes on, and once more when it has ended. The same account, sender and
 * external id each time; one that was never begun may end. */
enum inbound_stage { INBOUND_WHOLE, INBOUND_BEGUN, INBOUND_GOES_ON, INBOUND_ENDED };

struct inbound {
	enum channel channel;
	struct str account;	/* channel account that brought it */
	struct str external_id; /* the carrier's id of it; empty if none. Deduplicates within account and sender. */
	struct address from, to;
	struct str subject, text;
	const struct attachment *attachments;
	size_t attachments_n;
	int64_t at; /* when it happened, by the carrier; 0: now */
	struct str
		reply_token; /* what we gave out and the reply carries back (mail address token, web session); or empty */
	const char *reply_by; /* static: what it stood in, "In-Reply-To"; NULL: a token */
	bool doubtful;	      /* may be from somebody else than it says: it answers no offers */
	bool automatic;	      /* sent by a robot: kept, never answered, opens no conversation */
	enum kind kind;	      /* MESSAGE, or CALL: a telephone call; its text is no keyword and no answer */
	enum inbound_stage stage;
	bool quiet; /* asks for nothing: joins a conversation that goes on, opens and reopens none */
	struct str
		queue; /* its conversation becomes work of this queue (assignee "queue:NAME"), if it is nobody's yet */
	struct str metadata; /* JSON object kept with the interaction; empty if none */
	/* One part of a longer text. total 0 or 1: whole. Parts are kept in the store until complete (intake/assemble).
	 * A cut may go through a UTF-16 surrogate pair; then the text of each part has its half at that end, as the three
	 * bytes that UTF-8 would have for it, and intake/ joins them. */
	struct {
		uint32_t ref;
		uint8_t total, seq; /* seq counts from 1 */
		uint8_t width;	    /* 8 or 16 (UDH), 0 (SAR): references of different width are different messages */
	} part;
	/* Identity that the channel itself has proven: a signed site user, an authenticated caller. Empty if none. */
	struct str proven_external_id, proven_by;
	struct str display_name; /* what the sender calls itself; unverified */
	const struct address
		*claimed; /* addresses it says are its own (pre-chat form): become unverified contact points */
	size_t claimed_n;
	/* A wish that needs no words: a link in a mail, a complaint that came by the provider. Becomes the consent of `from`
	 * for each purpose whose bit (1 << purpose) is set, with the metadata as its proof; with neither text nor
	 * attachments it leaves nothing else behind. */
	struct {
		unsigned purposes;
		enum consent_state state;
		const char *source; /* static: "unsubscribe_link"; as in customer/consent.h */
	} consent;
};

/* A carrier's later word on one delivery (or one part of it). */
struct receipt {
	struct str account;
	struct str external_id;	 /* as the carrier wrote it */
	struct address from, to; /* as in the receipt (from: the handset); scheme kept, may be empty */
	enum status status;	 /* SENT (en route, accepted: an event only), DELIVERED, UNDELIVERED, EXPIRED, ... */
	struct str raw_state, error_code; /* "DELIVRD", "000" */
	int64_t at;			  /* done date by the carrier; 0 unknown */
};
