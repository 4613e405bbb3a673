#include "email/reason.h"

static const struct {
	const char *word;
	const char *detail; /* of the status that is derived */
	bool temporary;	    /* when nothing says otherwise */
	bool hard;
} reasons[REASON_COUNT] = {
	[REASON_NONE] = {"unknown", "0.0", false, false},
	[REASON_USER_UNKNOWN] = {"user_unknown", "1.1", false, true},
	[REASON_HOST_UNKNOWN] = {"host_unknown", "1.2", false, true},
	[REASON_MOVED] = {"moved", "1.6", false, true},
	[REASON_NO_MAIL] = {"no_mail", "1.10", false, true},
	[REASON_MAILBOX_FULL] = {"mailbox_full", "2.2", false, false},
	[REASON_MAILBOX_DISABLED] = {"mailbox_disabled", "2.1", false, false},
	[REASON_FILTERED] = {"filtered", "1.0", false, false},
	[REASON_SENDER_REJECTED] = {"sender_rejected", "1.8", false, false},
	[REASON_BLOCKED] = {"blocked", "7.1", false, false},
	[REASON_SPAM] = {"spam", "7.1", false, false},
	[REASON_VIRUS] = {"virus", "7.0", false, false},
	[REASON_POLICY] = {"policy", "7.1", false, false},
	[REASON_AUTHENTICATION] = {"authentication", "7.26", false, false},
	[REASON_SECURITY] = {"security", "7.0", false, false},
	[REASON_CONTENT] = {"content", "6.0", false, false},
	[REASON_TOO_BIG] = {"too_big", "3.4", false, false},
	[REASON_RATE_LIMITED] = {"rate_limited", "7.0", true, false},
	[REASON_EXPIRED] = {"expired", "4.7", false, false},
	[REASON_NETWORK] = {"network", "4.0", false, false},
	[REASON_NO_RELAY] = {"no_relay", "7.1", false, false},
	[REASON_SYSTEM] = {"system", "3.0", false, false},
	[REASON_SYSTEM_FULL] = {"system_full", "3.1", true, false},
	[REASON_PROTOCOL] = {"protocol", "5.0", false, false},
	[REASON_DELIVERED] = {"delivered", "0.0", false, false},
};

const char *reason_word(enum reason r) { return reasons[r].word; }
bool reason_is_hard(enum reason r) { return reasons[r].hard; }

void reason_status(enum reason r, bool permanent, char out[12])
{
	size_t n = strlen(reasons[r].detail);

	out[0] = r == REASON_DELIVERED ? '2' : permanent && !reasons[r].temporary ? '5' : '4';
	out[1] = '.';
	memcpy(out + 2, reasons[r].detail, n + 1);
}

/* RFC 3463, with the registry of IANA, and what the large providers mean by theirs. "*": any class. */
enum reason reason_of_status(const char *s)
{
	static const struct {
		const char *detail;
		enum reason r;
	} known[] = {
		{"1.0", REASON_FILTERED},	 {"1.1", REASON_USER_UNKNOWN},	  {"1.2", REASON_HOST_UNKNOWN},
		{"1.3", REASON_USER_UNKNOWN},	 {"1.4", REASON_FILTERED},	  {"1.6", REASON_MOVED},
		{"1.7", REASON_SENDER_REJECTED}, {"1.8", REASON_SENDER_REJECTED}, {"1.9", REASON_SENDER_REJECTED},
		{"1.10", REASON_NO_MAIL},	 {"2.0", REASON_FILTERED},	  {"2.1", REASON_MAILBOX_DISABLED},
		{"2.2", REASON_MAILBOX_FULL},	 {"2.3", REASON_TOO_BIG},	  {"2.4", REASON_FILTERED},
		{"3.0", REASON_SYSTEM},		 {"3.1", REASON_SYSTEM_FULL},	  {"3.2", REASON_SYSTEM},
		{"3.3", REASON_SYSTEM},		 {"3.4", REASON_TOO_BIG},	  {"3.5", REASON_SYSTEM},
		{"4.0", REASON_NETWORK},	 {"4.1", REASON_EXPIRED},	  {"4.2", REASON_NETWORK},
		{"4.3", REASON_NETWORK},	 {"4.4", REASON_NETWORK},	  {"4.5", REASON_RATE_LIMITED},
		{"4.6", REASON_NETWORK},	 {"4.7", REASON_EXPIRED},	  {"5.0", REASON_PROTOCOL},
		{"5.1", REASON_PROTOCOL},	 {"5.2", REASON_PROTOCOL},	  {"5.3", REASON_RATE_LIMITED},
		{"5.4", REASON_PROTOCOL},	 {"6.0", REASON_CONTENT},	  {"7.0", REASON_POLICY},
		{"7.1", REASON_BLOCKED},	 {"7.8", REASON_SECURITY},	  {"7.13", REASON_MAILBOX_DISABLED},
		{"7.20", REASON_AUTHENTICATION}, {"7.23", REASON_AUTHENTICATION}, {"7.25", REASON_BLOCKED},
		{"7.26", REASON_AUTHENTICATION}, {"7.27", REASON_NO_MAIL},	  {"7.28", REASON_RATE_LIMITED},
	};

	if (!s[0])
		return REASON_NONE;
	if (s[0] == '2')
		return REASON_DELIVERED;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(s + 2, known[i].detail) == 0)
			return known[i].r;
	return s[2] == '7' ? REASON_POLICY : s[2] == '6' ? REASON_CONTENT : REASON_NONE;
}
