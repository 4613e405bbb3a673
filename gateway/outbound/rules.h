/*
 * The operator's rules for what may disturb a customer: [policy] of the configuration, parsed. Immutable; service messages
 * are not asked by them.
 */
#pragma once
#include "outbound/quiet.h"

enum { CAPS_MAX = 8 };

struct policy_settings {				 /* as the file has them; NULL: none */
	const char *quiet_hours, *quiet_days, *holidays; /* quiet.h */
	const char *time_zone;				 /* of a customer whose country has none that we know */
	const char *frequency_cap;			 /* "1/1d, 4/30d": so many marketing messages in so long */
	const char *topics;				 /* of conversations that stop marketing while they are open */
	const char *region;				 /* where we are at home */
};

struct policy_rules {
	struct quiet *quiet;
	struct cap {
		int n;
		int64_t span; /* microseconds */
	} cap[CAPS_MAX];
	size_t caps_n;
	char *topics, *time_zone;
	char region[4];
};

/* ERR_INVALID with the setting's name as field. */
int policy_rules_parse(const struct policy_settings *s, struct policy_rules **out, struct err *err);
void policy_rules_free(struct policy_rules **r);
