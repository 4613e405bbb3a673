/*
 * What needs what: the store carries all; events are published by the writer; intake and outbound write; the host binds
 * the channels to them; the server comes last, so that nobody is answered by half a gateway. Stopping goes the other way
 * round: first nobody new is let in, then the channels drain, then what they said last is committed.
 *
 * A new part is a pair of functions and a line in parts[].
 */
#include "gateway.h"

#include <stdlib.h>

#include "base/log.h"
#include "events/events.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "store/writer.h"

struct gateway {
	const struct config *c;
	struct readers *readers;
	struct events *events;
	struct writer *writer;
	size_t started;
};

static int schema_start(struct gateway *g, struct err *err)
{
	struct db *db = NULL;
	int from, to, r;

	if (db_open(g->c->store.dsn, DB_WRITE, &db, err))
		return -1;
	r = migrate_run(db, &from, &to, err);
	db_close(&db);
	if (r == 0 && from != to)
		log_info("store.migrated", "from", LOG_INT(from), "to", LOG_INT(to), LOG_END);
	return r;
}

static int readers_start(struct gateway *g, struct err *err) { return readers_open(g->c->store.dsn, &g->readers, err); }
static void readers_stop(struct gateway *g) { readers_close(&g->readers); }

static int writing_start(struct gateway *g, struct err *err)
{
	return writer_start(g->c->store.dsn, (size_t)g->c->store.queue, NULL, &g->writer, err);
}
static void writing_stop(struct gateway *g) { writer_stop(&g->writer); }

static const struct part {
	const char *name;
	int (*start)(struct gateway *g, struct err *err);
	void (*stop)(struct gateway *g); /* may be NULL */
} parts[] = {
	{"schema", schema_start, NULL},
	{"readers", readers_start, readers_stop},
	{"writer", writing_start, writing_stop},
};

int gateway_start(const struct config *c, struct gateway **out, struct err *err)
{
	struct gateway *g = calloc(1, sizeof *g);

	if (!g)
		return err_nomem(err);
	g->c = c;
	for (; g->started < sizeof parts / sizeof *parts; g->started++) {
		const struct part *p = &parts[g->started];
		if (p->start(g, err)) {
			err_context(err, "%s", p->name);
			gateway_stop(&g);
			return -1;
		}
	}
	*out = g;
	return 0;
}

void gateway_reload(struct gateway *g, const struct config *c)
{
	(void)g;
	log_setup((enum log_level)c->log.level, c->log.format);
}

bool gateway_alive(struct gateway *g)
{
	(void)g;
	return true;
}

void gateway_stop(struct gateway **gp)
{
	struct gateway *g = *gp;

	if (!g)
		return;
	while (g->started > 0) {
		const struct part *p = &parts[--g->started];
		if (p->stop)
			p->stop(g);
	}
	free(g);
	*gp = NULL;
}
