/*
 * External ids: what other systems call our messages. A receipt finds its delivery, a reply its thread.
 */
#pragma once
#include "model/message.h"
#include "store/db.h"

struct external_hit {
	struct delivery_id id;
	int part; /* from 1 */
};

int external_add(struct db *db, struct str account, struct str ref, const struct delivery_id *id, int part, int64_t now,
		 struct err *err);
/* 0 found, 1 unknown, -1 error. */
int external_find(struct db *db, struct str account, struct str ref, struct external_hit *out, struct err *err);
