/*
 * Private to intake/: the stages that one inbound passes inside the write job.
 *
 *     sender_normalise → seen → assemble → deliver (identify → keyword → thread → append → events)
 *
 * Each works on the job's own copy of the inbound and may replace what it says: the sender's form, the text of all parts.
 */
#pragma once
#include <stdatomic.h>

#include "customer/consent.h"
#include "intake/keyword.h"
#include "store/bucket.h"

struct intake {
	struct intake_config c;
	char *region;
	struct writer *writer;
	struct events *events;
	struct keywords *keywords;
	_Atomic int64_t last_at; /* so that what comes in one after the other has times one after the other */
	/* the writer's thread only */
	size_t confirming;	 /* jobs that confirmed and wait for their commit */
	struct buf forget_after; /* where the last sweep of inbound_seen stopped */
};

struct pass {
	struct intake *k;
	struct db *db;
	struct arena *arena;
	int64_t now;
	bool confirmed; /* an answer to a keyword was queued */
	bool partial;	/* parts are missing: kept out of the keywords */
	struct err *err;
};

enum { SENDER_MAX = ADDRESS_MAX + 16 };
/* "tel:+4915…": the key of the tables of this folder. */
struct str sender_key(const struct address *a, char out[SENDER_MAX]);
bool sender_parse(struct str key, struct address *out);
/* The sender in its one form; what is no number is kept apart as a name. -1 ERR_SEMANTIC if there is nobody at all. */
int sender_normalise(struct pass *p, struct inbound *in);

/* 1 seen before (*id: as what; nil for a part), 0 new, -1 error. */
int seen(struct pass *p, const struct inbound *in, struct uuid *id);
int seen_remember(struct pass *p, const struct inbound *in, const struct uuid *id);
/* Forgets a stretch of what is older than `before`. */
int seen_forget(struct pass *p, int64_t before);

enum assembly { ASSEMBLY_FAILED = -1, ASSEMBLY_WAITS, ASSEMBLY_WHOLE, ASSEMBLY_TWICE };
/* Keeps a part; when it was the last one, *in becomes the whole text. */
enum assembly assemble(struct pass *p, struct inbound *in);
/* Delivers what has waited too long, as it is. Returns how many, or -1. */
int assemble_sweep(struct pass *p, int64_t before);

/* *id nil: it only identified. */
int deliver(struct pass *p, struct inbound *in, struct uuid *id);
/* It was begun as *id: goes on or has ended. 1: so it is written; 0: it had ended before; -1 error. */
int deliver_more(struct pass *p, struct inbound *in, const struct uuid *id);

/* What was begun and has not ended. ongoing_is: 1 it is, 0 it is not, -1 error. */
int ongoing_begin(struct pass *p, const struct uuid *id);
int ongoing_is(struct pass *p, const struct uuid *id);
int ongoing_end(struct pass *p, const struct uuid *id);

/* `"partial":true` and the like put into a JSON object, which may be empty. .p NULL: out of memory. */
struct str metadata_add(struct arena *a, struct str metadata, const char *member);
