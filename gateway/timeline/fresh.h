/*
 * A message that was accepted a moment ago, shown from what is known of it without reading it back: the answer to
 * POST /v1/messages is the most frequent answer of all. The same shape as interaction_json gives (a test holds them
 * together).
 */
#pragma once
#include "timeline/interaction.h"

struct fresh_delivery {
	enum channel channel;
	enum status status;
	char account[64];
	struct address address;
	const char *encoding, *reason, *cause; /* static; reason NULL if none */
	int segments, units;
	int64_t at, due_at, expires_at;
};

/* survivor: whose id is shown. */
void fresh_json(struct json_out *j, const char *key, const struct interaction *i, const struct uuid *survivor,
		const struct fresh_delivery *d);
