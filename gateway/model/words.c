#include "model/words.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const channels[] = {"none", "sms", "email", "web", "ivr", "loopback"};
static const char *const directions[] = {"internal", "inbound", "outbound"};
static const char *const kinds[] = {"message", "note", "call", "event", "offer"};
static const char *const statuses[] = {
	"none",	      "scheduled", "queued",  "sending",  "uncertain", "sent",	      "partially_delivered",
	"suppressed", "cancelled", "expired", "rejected", "failed",    "undelivered", "delivered",
	"read",	      "received"};
static const char *const purposes[] = {"service", "marketing", "survey"};
static const char *const consent_purposes[] = {"service", "marketing", "survey", "tracking"};
static const char *const priorities[] = {"high", "normal", "bulk"};
static const char *const conversation_states[] = {"open", "pending", "snoozed", "closed"};
static const char *const stages[] = {"prospect", "lead", "active", "suspended", "churned"};
static const char *const roles[] = {"agent", "marketing", "integration", "admin"};
static const char *const consents[] = {"unknown", "opt_in", "opt_out", "pending"};

_Static_assert(COUNT(statuses) == STATUS_COUNT, "a word for each status");
_Static_assert(COUNT(channels) == CHANNEL_COUNT, "a word for each channel");

static const char *word(const char *const *words, size_t n, unsigned v) { return v < n ? words[v] : "?"; }

static bool parse(const char *const *words, size_t n, struct str s, unsigned *out)
{
	for (unsigned i = 0; i < n; i++)
		if (str_is(s, words[i])) {
			*out = i;
			return true;
		}
	return false;
}

/* Flat on purpose: each vocabulary is one enum, one table, two functions of the same shape. */
#define VOCABULARY(name, type, words)                                                      \
	const char *name##_word(type v) { return word(words, COUNT(words), (unsigned)v); } \
	bool name##_parse(struct str s, type *out)                                         \
	{                                                                                  \
		unsigned v;                                                                \
		bool ok = parse(words, COUNT(words), s, &v);                               \
		if (ok)                                                                    \
			*out = (type)v;                                                    \
		return ok;                                                                 \
	}

VOCABULARY(channel, enum channel, channels)
VOCABULARY(direction, enum direction, directions)
VOCABULARY(kind, enum kind, kinds)
VOCABULARY(status, enum status, statuses)
VOCABULARY(consent_purpose, enum purpose, consent_purposes)
VOCABULARY(priority, enum priority, priorities)
VOCABULARY(conversation_state, enum conversation_state, conversation_states)
VOCABULARY(stage, enum stage, stages)
VOCABULARY(role, enum role, roles)
VOCABULARY(consent, enum consent_state, consents)

const char *purpose_word(enum purpose v) { return consent_purpose_word(v); }

bool purpose_parse(struct str s, enum purpose *out)
{
	unsigned v;

	if (!parse(purposes, COUNT(purposes), s, &v))
		return false;
	*out = (enum purpose)v;
	return true;
}

bool status_is_final(enum status s) { return s >= STATUS_SUPPRESSED; }

bool status_may_follow(enum status from, enum status to)
{
	switch (from) {
	case STATUS_SUPPRESSED:
	case STATUS_CANCELLED:
	case STATUS_REJECTED:
	case STATUS_FAILED:
	case STATUS_READ:
	case STATUS_RECEIVED: return false;
	case STATUS_SENDING:
		/* A temporary error puts it back into the outbox: the one step back, and it is ours, not the carrier's. */
		return to > from || to == STATUS_QUEUED;
	default: return to > from;
	}
}
