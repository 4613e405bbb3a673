/* An intake with its writer, and what came of each inbound. */
#pragma once
#include <pthread.h>

#include "intake/intake.h"
#include "unit/store_rig.h"

enum { CONFIRMS_MAX = 16 };

struct intake_rig {
	struct store_rig s;
	struct writer *writer;
	struct intake *intake;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int answered;
	struct intake_outcome last;
	/* what was confirmed, as outbound would collect and send it */
	char collected[CONFIRMS_MAX][256], sent[CONFIRMS_MAX][256];
	int collected_n, sent_n;
};

void intake_rig_open(struct intake_rig *r, int64_t dedupe_window);
void intake_rig_close(struct intake_rig *r);
void intake_rig_restart(struct intake_rig *r, int64_t dedupe_window); /* all but the store anew */
struct inbound intake_rig_sms(const char *from, const char *text);
/* Hands it in and waits for the answer. */
struct intake_outcome intake_rig_give(struct intake_rig *r, const struct inbound *in);
void intake_rig_give_batch(struct intake_rig *r, const struct inbound *in, size_t n);
/* Runs the sweep as at `now`; how many partial texts it delivered. */
int intake_rig_sweep(struct intake_rig *r, int64_t now);
/* Text of one column of the first row. */
void intake_rig_text(struct intake_rig *r, const char *sql, char out[256]);
