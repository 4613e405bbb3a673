#include "founding.h"

#include "base/crypto.h"
#include "customer/identity.h"
#include "shipped.h"

struct job {
	struct write_job write;
	const struct config *c;
	uint8_t *secret;
};

static int keep_secret(struct db *db, uint8_t *secret, struct err *err)
{
	uint8_t fresh[GATEWAY_SECRET];
	struct stmt *q;
	int r;

	crypto_random(fresh, sizeof fresh);
	q = db_query(db, "INSERT INTO secret (name, value) VALUES ('gateway', $1) ON CONFLICT (name) DO NOTHING");
	db_bind_blob(q, 1, fresh, sizeof fresh);
	r = db_run(q, err);
	explicit_bzero(fresh, sizeof fresh);
	if (r)
		return -1;
	q = db_query(db, "SELECT value FROM secret WHERE name = 'gateway'");
	r = db_step(q, err);
	if (r == DB_ROW) {
		struct str v = db_col_str(q, 0);
		if (v.n == GATEWAY_SECRET)
			memcpy(secret, v.p, v.n);
		else
			r = err_set(err, ERR_INTERNAL, "secret_damaged", NULL,
				    "the gateway's secret in the store is damaged");
	}
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

/* An entry is a number, a mailbox or a short code, as the channel that fits its form reads it. */
static int never_merge(struct db *db, const struct config *c, int64_t now, struct err *err)
{
	struct str item;
	size_t pos = 0;

	while (settings_list_next(c->identity.never_merge, &pos, &item)) {
		struct address a;
		enum channel channel = memchr(item.p, '@', item.n) ? CHANNEL_EMAIL : CHANNEL_SMS;
		if (address_parse(channel, item, c->identity.region, &a, err))
			return err_context(err, "[identity] never_merge");
		if (never_merge_add(db, &a, "configuration", now, err))
			return -1;
	}
	return 0;
}

static int run(struct write_job *write, struct db *db, int64_t now, struct err *err)
{
	struct job *j = (struct job *)write;

	return keep_secret(db, j->secret, err) || never_merge(db, j->c, now, err) || shipped_templates(db, now, err)
		       ? -1
		       : 0;
}

int founding(struct writer *w, const struct config *c, uint8_t secret[GATEWAY_SECRET], struct err *err)
{
	struct job j = {.write = {.run = run}, .c = c, .secret = secret};

	return writer_call(w, &j.write, err);
}
