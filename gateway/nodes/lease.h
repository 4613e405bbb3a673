/*
 * Leases in the store: which of the gateways that share it does what only one may do. The clock is the server's. All
 * statements run inside write jobs, so one gateway at a time looks and takes (see writer.h).
 *
 * A lease ends by itself when its holder does not renew it. Whoever takes it then is told that its last holder did not give
 * it back (`clean` false): what that one had under way is in doubt.
 */
#pragma once
#include "base/err.h"
#include "base/uuid.h"
#include "store/db.h"

enum { LEASES_MAX = 64, NODE_NAME = 128 };

struct lease {
	char name[80];
	bool held, clean;
	bool gained; /* by the last lease_round */
	int wished;  /* rounds for which it was free and we had our share: then it is nobody else's wish */
};

struct node {
	struct uuid id; /* of this run */
	char name[NODE_NAME], host[NODE_NAME];
	int64_t pid;
};

/* What another gateway on this machine left behind that is not running any more: its leases are free at once. */
int lease_bury(struct db *db, const struct node *me, struct err *err);
/* Renews what is held, counts the living, and takes what is free, up to a fair share. `v` is changed as if the transaction
 * will be committed: hand in a copy. *alive counts us. */
int lease_round(struct db *db, const struct node *me, int64_t lease_us, struct lease *v, size_t n, int *alive,
		struct err *err);
/* How many we hold by the store's word. -1: err. */
int lease_count(struct db *db, const struct uuid *me, struct err *err);
int lease_give_back(struct db *db, const struct node *me, bool clean, struct err *err);
