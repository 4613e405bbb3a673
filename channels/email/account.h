/*
 * An account of the email adapter: what is held, and what becomes of it. Everything runs on the account's loop.
 *
 *   submit → letter → its files are read → ready → composed and signed into a job of smtp.c → outcome
 *
 * A mail is composed when a host can take it, so that what waits is small; memory is bounded by the window, and by
 * FILES_HELD for files. Outcomes and readiness are told once a round (email_flush_soon).
 *
 * With every host dead, what waits is given back (RELEASED) and the account is down: the outbox keeps it.
 */
#pragma once
#include <sys/queue.h>

#include "channel/channel.h"
#include "email/compose.h"
#include "email/dkim.h"
#include "email/settings.h"
#include "email/smtp.h"
#include "email/token.h"

enum { TRIES_MAX = 3, OUTCOMES_MAX = 64, FILES_HELD = 64 << 20, LETTER_FILES = 10 };

struct letter {
	TAILQ_ENTRY(letter) list;
	struct account *a;
	struct delivery_id id;
	int64_t token, expires_at;
	struct uuid conversation;
	struct address to;
	enum purpose purpose;
	struct str from, subject, text, options;
	struct attachment files[LETTER_FILES]; /* names and types within this letter's memory */
	struct buf bytes[LETTER_FILES];
	size_t files_n, files_read, files_size;
	int tries;
	bool cancelled;
	/* the outcome, until it is told */
	char code[16], reason[256], message_id[MESSAGE_ID_MAX];
	struct str external;
	char room[]; /* of the strings */
};
TAILQ_HEAD(letters, letter);

struct email_inbound;

struct account {
	const struct email_settings *set;
	const struct channel_host *host;
	/* from the settings, once */
	char from_name[256], from[ADDRESS_MAX + 1], domain[256]; /* domain of from, in A-labels */
	char hello[256];
	struct dkim *dkim;
	struct smtp *smtp;
	struct email_inbound *inbound;
	size_t window;
	/* what is held */
	struct letters reading, ready;
	size_t held, files_held, queued;
	int pending; /* answers of the host that are due */
	/* the round */
	struct timer flush, deadline;
	struct outcome out[OUTCOMES_MAX];
	struct letter *out_letter[OUTCOMES_MAX];
	size_t out_n;
	bool hungry, stopping, overdue, closed;
	enum account_state told;
	char told_reason[256];
};

/* letter.c */
struct letter *letter_new(struct account *a, const struct delivery *d); /* NULL: no memory */
void letter_free(struct letter *l);
/* Reads the files of it one by one, then it is ready. */
void letter_read(struct letter *l);
void letter_finish(struct letter *l, enum outcome_kind kind, const char *code, const char *reason);

/* write.c: puts the letter into the job. -1: it can never be sent so; the outcome's code and reason are in err. */
int letter_write(struct letter *l, struct smtp_job *job, struct err *err);

/* account.c */
void email_flush_soon(struct account *a);
void email_done(void *a, struct smtp_job *job, const struct smtp_answer *answer);
void email_changed(void *a);
void email_more(void *a);
void email_stop(struct account *a, int64_t deadline);
void email_cancel(struct account *a, const struct delivery_id *id);
void email_give_outcomes(struct account *a);

/* suppress.c: stops all mail to the address, if the refusal of a recipient says that it takes none. */
void suppress_if_hard(struct letter *l, const struct smtp_reply *r);

/* unsubscribe.c */
extern const struct channel_route email_routes[];
/* Appends the URL of the letter's one-click link; nothing if the account has no public_url. */
void unsubscribe_url(const struct account *a, const struct letter *l, struct buf *out);
