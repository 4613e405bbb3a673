/*
 * The confirmation of a keyword is asked for inside intake's write job. It is written to the outbox there, and the
 * dispatcher is told to look into the store after the commit: so nothing has to be taken back if the job is run again, and
 * several jobs of one transaction do not get into each other's way. They are few.
 */
#include <stdlib.h>

#include "channel/host.h"

enum { TOUCHED_MAX = 16 };

struct confirmer {
	struct outbound *o;
	struct outbound_batch *batch;
	char touched[TOUCHED_MAX][64]; /* accounts; the writer's thread */
	size_t n;
};

int confirmer_new(struct outbound *o, struct confirmer **out, struct err *err)
{
	struct confirmer *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->o = o;
	c->batch = outbound_batch_new(o);
	if (!c->batch) {
		free(c);
		return err_nomem(err);
	}
	*out = c;
	return 0;
}

void confirmer_free(struct confirmer **cp)
{
	struct confirmer *c = cp ? *cp : NULL;

	if (!c)
		return;
	outbound_batch_free(&c->batch);
	free(c);
	*cp = NULL;
}

static void touch(struct confirmer *c, struct str account)
{
	for (size_t k = 0; k < c->n; k++)
		if (str_is(account, c->touched[k]))
			return;
	if (c->n == TOUCHED_MAX || account.n >= sizeof c->touched[0])
		return; /* it is found when the store is read anyway */
	memcpy(c->touched[c->n], account.p, account.n);
	c->touched[c->n++][account.n] = 0;
}

static int confirm(void *arg, struct db *db, const struct identity *to, enum channel channel, struct str account,
		   struct str text, int64_t now, struct err *err)
{
	struct confirmer *c = arg;
	struct send_request r = {
		.has_address = true,
		.address = to->contact.address,
		.channels = {channel},
		.channels_n = 1,
		.account = account,
		.text = text,
		.purpose = PURPOSE_SERVICE,
		.has_priority = true,
		.priority = PRIORITY_HIGH,
		.author = "system:keyword",
		.exempt = true,
	};
	struct send_result sent;
	int rc = outbound_batch_write(c->batch, db, &r, now, &sent, err);

	outbound_batch_reset(c->batch); /* the store has it */
	if (rc == 0)
		touch(c, account);
	return rc;
}

static void reset(void *arg) { (void)arg; }

static void committed(void *arg)
{
	struct confirmer *c = arg;

	for (size_t k = 0; k < c->n; k++)
		outbound_look(c->o, str_of(c->touched[k]), PRIORITY_HIGH);
	c->n = 0;
}

void confirmer_bind(struct confirmer *c, struct intake_config *into)
{
	into->confirm = confirm;
	into->confirm_reset = reset;
	into->confirm_committed = committed;
	into->confirm_arg = c;
}
