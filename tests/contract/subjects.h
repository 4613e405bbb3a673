/*
 * The adapters that the contract is tested on. Each names a section of configuration and, if it needs one, a peer that
 * answers it: something the test opens, steps along with the adapter's loop, and closes.
 */
#pragma once
#include "channel/channel.h"

struct subject {
	const char *name;
	const struct channel_ops *ops;
	const char *settings; /* the section's lines; "%d" stands for the peer's port */
	const char *to;	      /* an address it can reach */
	enum scheme scheme;
	void *(*peer_open)(int *port); /* NULL: needs no peer */
	void (*peer_step)(void *peer);
	void (*peer_close)(void *peer);
	/* Makes something come in; false: nothing does without a delivery before it. */
	bool (*peer_brings)(void *peer);
	bool silent;  /* nothing comes in at all */
	bool refuses; /* it can send nothing: all outcomes are FAILED */
};

extern const struct subject subjects[]; /* ended by {0} */
