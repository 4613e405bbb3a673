/* Shared by the files of this folder. */
#pragma once
#include "customer/identity.h"

int customer_event(struct db *db, struct events *ev, const char *type, const struct uuid *id, struct str data, int64_t now,
		   struct err *err);
int suggest(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason, int64_t now,
	    struct err *err);
/* A line in the audit table. detail: JSON object. */
int audit(struct db *db, const char *author, const char *action, const struct uuid *subject, struct str detail, int64_t now,
	  struct err *err);
