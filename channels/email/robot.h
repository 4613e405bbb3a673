/* Signs in a mail's header that no person sent it, and that nobody waits for an answer. Pure. */
#pragma once
#include "email/part.h"

struct str robot_local(struct part_context *x,
		       const struct mail *m); /* of From, lower case; of Sender if From is empty */
bool robot_daemon(struct str local);	      /* mailer-daemon, postmaster, ... */
bool robot_nobody(struct str local);	      /* no-reply, ... */
bool robot_daemon_name(struct part_context *x, const struct mail *m); /* "Mail Delivery Subsystem" <...> */
bool robot_attached(struct part *root);				      /* a part that only reports have */
bool robot_subject_of_failure(struct part_context *x, const struct mail *m);
/* Automatic replies: RFC 3834, receipts (RFC 8098), and the habits of programs before and beside it. */
bool robot_answers(struct part_context *x, struct part *root, const struct mail *m);
