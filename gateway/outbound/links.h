/*
 * Tracked links: the links of a marketing message lead over our own address, so that it is seen that they are followed; a mail
 * gets a pixel. Only for customers who have consented. A link is a code: nine random letters and three of a MAC over them, so
 * that guesses never reach the store; where it leads is kept with the message and never taken from the request.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "base/uuid.h"
#include "model/words.h"
#include "store/db.h"

enum { LINKS_MAX = 24, LINK_CODE = 13, LINK_URL_MAX = 2000 }; /* code with NUL */

struct links { /* of one message, before it has an id */
	struct str secret;
	const char *public_url;
	size_t n;
	struct {
		char code[LINK_CODE];
		struct str url; /* in the arena; empty: the pixel */
	} v[LINKS_MAX];
};

/* The text with its links replaced, in the arena; .p NULL: out of memory. */
struct str links_in_text(struct links *l, struct arena *a, struct str text);
/* The same for href="…" of HTML, with a pixel at its end. */
struct str links_in_html(struct links *l, struct arena *a, struct str html);
int links_write(struct db *db, const struct links *l, const struct uuid *message, const struct uuid *customer,
		enum channel channel, int64_t at, struct err *err);

bool link_code_good(struct str secret, struct str code);

struct link_use {
	struct uuid message, customer;
	enum channel channel;
	struct str url;	 /* in the arena; empty: the pixel */
	int64_t sent_at; /* when its latest delivery went out; 0: it has not, as far as we have been told */
	int people;	 /* so far */
};
/* 1 found, 0 not, -1 err. */
int link_find(struct db *db, struct str code, struct arena *a, struct link_use *out, struct err *err);
/* Counts it, as a person's or a robot's. */
int link_count(struct db *db, struct str code, bool robot, int64_t now, struct err *err);
/* Whether a program asks: scanners of mail servers, previews of messengers. agent may be empty. soon: microseconds since the
 * message was sent; nobody reads that fast. */
bool link_robot(struct str method, struct str agent, struct str prefetch, int64_t soon);
int links_json(struct db *db, struct json_out *j, const struct uuid *message, struct err *err);
