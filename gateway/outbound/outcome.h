/* What follows from an outcome: a pure function of the facts (outcome.c). Private to outbound/. */
#pragma once
#include "outbound/outbound.h"

struct attempt {
	const struct uuid *id;
	enum purpose purpose;
	enum outcome_kind kind;
	bool claimed; /* it was counted when it was claimed */
	int attempts; /* as the row says */
	int64_t due, expires_at, retry_after;
};

struct next {
	enum status status;
	int outbox; /* as in the row: 1 again, 2 waits for its receipt, 0 done */
	int64_t due;
	int attempts;
};

struct next outcome_decide(const struct outbound_config *c, const struct attempt *a, int64_t now);
