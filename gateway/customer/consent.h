/*
 * Consent of an address for a purpose. It holds for the address whoever owns it in our books, and outlives merges.
 * CONSENT_UNKNOWN permits service, and permits marketing only where the configuration says so.
 */
#pragma once
#include "base/json.h"
#include "events/events.h"
#include "model/address.h"

struct consent {
	enum purpose purpose;
	enum consent_state state;
	char source[40]; /* "keyword", "api", "agent", "preference_page", "import" */
	int64_t at;
};

/* UNKNOWN if nothing was ever said. */
int consent_get(struct db *db, const struct address *a, enum purpose p, struct consent *out, struct err *err);
/* Sets and keeps the change in the history; *changed false if it was so already. proof: JSON object or empty. */
int consent_set(struct db *db, struct events *ev, const struct address *a, const struct uuid *customer, enum purpose p,
		enum consent_state state, const char *source, struct str proof, int64_t now, bool *changed,
		struct err *err);
int consent_json(struct db *db, const struct address *a, struct json_out *j, const char *key,
		 struct err *err); /* with history */
