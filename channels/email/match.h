/*
 * Which of our messages a mail answers, and which delivery a report is about, by what we gave out and it carries back:
 * the first key that names one of ours. Nothing here joins people: intake/ only lets a mail join conversations of the
 * customer that its From belongs to.
 */
#pragma once
#include "email/parse.h"
#include "email/settings.h"
#include "email/token.h"

struct match {
	struct delivery_id id; /* of a reply: its message may be a conversation instead */
	const char *
		by; /* "token", "in_reply_to", "references", "quoted_id"; reports: "verp", "message_id"; NULL: nothing */
};

struct match_where {
	const struct email_settings *set;
	const char *domain; /* of our Message-IDs */
	struct str secret;
	const struct str *to; /* envelope recipients */
	size_t to_n;
};

struct match match_reply(const struct match_where *w, const struct mail *m);
struct match match_report(const struct match_where *w, const struct mail *m);
/* For the sentence that says why a mail is where it is; NULL: a token, or nothing. */
const char *match_words(const struct match *m);
