/*
 * The open channel accounts, their state and capabilities. Written by channel/host.c, read by everyone; thread-safe.
 */
#pragma once
#include "channel/channel.h"

struct accounts;

struct account_info {
	char name[64], reason[160];
	enum channel channel;
	const struct channel_ops *ops;
	struct account *account; /* for ops->estimate and ops->status only, as their contract allows */
	struct channel_caps caps;
	enum account_state state;
	int64_t since;
};

int accounts_new(struct accounts **out, struct err *err);
void accounts_free(struct accounts **a);
int accounts_add(struct accounts *a, const struct account_info *i, struct err *err); /* order of configuration */
void accounts_set_state(struct accounts *a, const char *name, enum account_state s, const char *reason, int64_t now);
bool accounts_get(struct accounts *a, struct str name, struct account_info *out);
/* The account that should carry a message of this channel: named, else the first that is up, else the first. */
bool accounts_pick(struct accounts *a, enum channel c, struct str name, struct account_info *out);
size_t accounts_list(struct accounts *a, struct account_info *out, size_t max);
