/*
 * An outbound with a real writer over a store of its own, and a carrier that the test plays: what is offered is written
 * down, and answered by the test (or at once, with `answer`). Conditions are waited for, never slept for.
 */
#pragma once
#include "outbound/outbound.h"

#include <pthread.h>

#include "unit/store_rig.h"

struct outbound_rig {
	struct store_rig store; /* its own connection only reads, once the writer runs */
	struct writer *writer;
	struct accounts *accounts;
	struct outbound *o;
	struct outbound_config config;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct offered {
		struct delivery_id id;
		int64_t token;
		char text[64], to[64], correlation[64];
		int attempt;
		enum purpose purpose;
		enum priority priority;
		size_t files;
	} offered[1024];
	size_t offered_n, offers;
	size_t room; /* how many the carrier takes of an offer; SIZE_MAX: all */
	bool answer; /* with SENT, at once */
	int64_t next_ref;
};

/* config NULL: defaults of the rig. The account "main" (sms, window 50, takes files) is up, "other" (sms) is down. */
void outbound_rig_open(struct outbound_rig *r, const struct outbound_config *config);
/* Ends the process's life as a crash would: nothing is marked as ended well; then opens it again. */
void outbound_rig_restart(struct outbound_rig *r, bool crash);
void outbound_rig_stop(struct outbound_rig *r, bool crash); /* without the store */
void outbound_rig_start(struct outbound_rig *r);
void outbound_rig_close(struct outbound_rig *r);

struct send_request outbound_rig_request(const char *to, const char *text);
/* Submits, waits for the commit; fails the test on an error. */
struct send_result outbound_rig_send(struct outbound_rig *r, const struct send_request *q);
struct send_result outbound_rig_text(struct outbound_rig *r, const char *to, const char *text);
int outbound_rig_try(struct outbound_rig *r, const struct send_request *q, struct send_result *out, struct err *err);
int outbound_rig_cancel(struct outbound_rig *r, const struct uuid *message, struct err *err);
int outbound_rig_sql(struct outbound_rig *r, const char *sql); /* through the writer; sql lives for ever */

/* Waits until n have been offered since the start, and gives the last of them. */
struct offered outbound_rig_offered(struct outbound_rig *r, size_t n);
/* Tells the dispatcher and waits until it knows: what it had begun to offer by then has been offered. */
void outbound_rig_account(struct outbound_rig *r, const char *account, enum account_state s);
size_t outbound_rig_count(struct outbound_rig *r);
void outbound_rig_outcome(struct outbound_rig *r, const struct offered *d, enum outcome_kind kind, const char *id);
void outbound_rig_receipt(struct outbound_rig *r, const char *id, enum status s, const char *from); /* waits */
/* Waits until the query gives the number; fails after ten seconds. */
void outbound_rig_until(struct outbound_rig *r, const char *sql, int64_t v);
/* Of one message's latest delivery. */
void outbound_rig_status(struct outbound_rig *r, const struct uuid *message, enum status s);
bool outbound_rig_metric(struct outbound_rig *r, const char *line); /* a whole line of the metrics */
