/* Shared by the files of this folder. */
#pragma once
#include "customer/identity.h"

int customer_event(struct db *db, struct events *ev, const char *type, const struct uuid *id, struct str data,
		   int64_t now, struct err *err);
/* Attributes by value, so that "who has plan:gold" is an index read; old: as they are in the index now, NULL if there is
 * nothing. */
int attributes_index(struct db *db, const struct uuid *id, const json_t *old, const json_t *attributes,
		     struct err *err);
int suggest(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason,
	    int64_t now, struct err *err);
int suggestion_was_rejected(struct db *db, const struct uuid *a, const struct uuid *b, bool *out, struct err *err);
/* Merges two survivors; who is better known stays. */
int merge_by_rank(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason,
		  const char *author, int64_t now, struct err *err);
/* When the address was last given up, at or before `at`; 0: never. */
int contact_released(struct db *db, const struct address *a, int64_t at, int64_t *out, struct err *err);
/* Inserts what the caller has found free at c->valid_from; sets c->id, and c->valid_to where the next owner begins. */
int contact_put(struct db *db, struct events *ev, struct contact *c, int64_t now, struct err *err);
/* Has somebody cut these two apart before? Then nothing but a person joins them again. */
int merge_was_undone(struct db *db, const struct uuid *a, int a_n, const struct uuid *b, int b_n, bool *out,
		     struct err *err);
/* A line in the audit table. detail: JSON object. */
int audit(struct db *db, const char *author, const char *action, const struct uuid *subject, struct str detail,
	  int64_t now, struct err *err);
