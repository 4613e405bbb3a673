/*
 * A channel_host that writes down what an adapter tells it, for the tests of adapters. One thread: the test steps the
 * loop. Inbound and receipts are answered at the end of the round with `answer`, unless `hold` is set: then the test
 * answers with fake_answer. A blob is its name's first letter five times; one whose name begins with 0 is not there. Time is hand-cranked: the loop's clock is fake_clock.
 */
#pragma once
#include "channel/channel.h"

struct fake_outcome {
	struct delivery_id id;
	int64_t token, retry_after;
	enum outcome_kind kind;
	char code[16], reason[80], ids[8][72];
	size_t ids_n; /* may exceed 8: only the first are kept */
};

struct fake_inbound {
	bool receipt; /* which of the two below */
	struct address from, to;
	char text[4096], metadata[512];
	size_t text_n;
	uint32_t ref;
	uint8_t total, seq, width;
	char external_id[80], raw_state[24], error_code[24];
	enum status status;
	unsigned consent_purposes;
	enum consent_state consent;
	int64_t at;
	enum inbound_stage stage;
	intake_done *done; /* NULL: answered */
	void *arg;
};

struct fake_state {
	enum account_state state;
	char reason[256];
};

struct fake_count {
	char name[64], label[64];
	int64_t value;
	bool gauge;
};

struct fake_host {
	struct channel_host host;
	struct fake_outcome *outcomes;
	struct fake_inbound *inbound;
	struct fake_state *states;
	struct fake_count *counts;
	size_t outcomes_n, inbound_n, states_n, counts_n, answered, batches;
	int ready;
	int replies, reply_status; /* to HTTP requests */
	bool hold;
	enum intake_answer answer;
	struct timer answering;
	/* of adapters that talk with customers: what caller answers (NULL: nobody is known), and what send was given. hold_send:
	 * the test answers with fake_sent. */
	const char *known;
	char errand[256];
	int errands;
	bool hold_send;
	errand_done *errand_done;
	void *errand_arg;
	size_t blobs;
};

int64_t fake_clock(void);
void fake_clock_add(int64_t us);

void fake_host_init(struct fake_host *f, const char *name); /* makes its loop */
void fake_host_free(struct fake_host *f);
void fake_answer(struct fake_host *f, size_t i, enum intake_answer answer); /* the i-th inbound */
void fake_sent(struct fake_host *f, const char *error);
enum account_state fake_state(const struct fake_host *f); /* last told; CONNECTING before */
const char *fake_reason(const struct fake_host *f);
int64_t fake_counted(const struct fake_host *f, const char *name, const char *label); /* label NULL: without */
size_t fake_outcomes_of(const struct fake_host *f, enum outcome_kind kind);
