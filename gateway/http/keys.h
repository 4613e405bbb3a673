/*
 * API keys in the store. A key is "tl_" and 43 base64url characters of 32 random bytes; it is shown once, when it is made,
 * and kept as the SHA-256 of its whole text: with so much randomness nothing slower is needed.
 *
 * Functions with a db run on whatever connection the caller owns; key_create and key_revoke write.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/words.h"
#include "store/db.h"

enum { KEY_TEXT = 47 }; /* with NUL */

struct api_key {
	char id[UUID_TEXT];
	char name[80];
	enum role role;
	int64_t created_at, revoked_at; /* revoked_at 0: valid */
};

/* The key itself goes to `text`. Codes: name_invalid. */
int key_create(struct db *db, struct str name, enum role role, int64_t now, char text[KEY_TEXT], struct api_key *out,
	       struct err *err);
/* All of them, oldest first. */
int key_list(struct db *db, void (*fn)(void *arg, const struct api_key *k), void *arg, struct err *err);
/* ERR_NOT_FOUND if there is no such id; revoking twice is well. */
int key_revoke(struct db *db, struct str id, int64_t now, struct err *err);
/* Whose key this is; ERR_UNAUTHORIZED "key_invalid" or "key_revoked" if nobody's. */
int key_verify(struct db *db, struct str text, struct api_key *out, struct err *err);
/* The valid key of this id: what a session names. ERR_UNAUTHORIZED "key_revoked" if it is gone. */
int key_by_id(struct db *db, struct str id, struct api_key *out, struct err *err);
