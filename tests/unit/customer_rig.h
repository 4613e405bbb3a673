/* Customers and addresses for the tests of customer/, over a store of the test's own. */
#pragma once
#include "customer/consent.h"
#include "customer/identity.h"
#include "unit/store_rig.h"

#define T0 INT64_C(1700000000000000) /* a time; a second later is T0 + US_SEC */

struct uuid rig_customer(struct store_rig *r, const char *name, const char *external_id);
struct address rig_address(enum scheme s, const char *value);
/* Who the address belongs to at `at`; makes a prospect if need be. */
struct identity rig_resolve(struct store_rig *r, const char *number, int64_t at);
struct contact rig_contact(struct store_rig *r, const struct uuid *customer, struct address a, const char *verified_by,
			   int64_t now);
struct uuid rig_merge(struct store_rig *r, const struct uuid *keep, const struct uuid *join);
struct uuid rig_survivor(struct store_rig *r, const struct uuid *id);
int rig_events(struct store_rig *r, const char *type); /* how many of that type are stored */
