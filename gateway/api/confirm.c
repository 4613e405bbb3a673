/* The page where a double opt-in is confirmed: a GET shows the button (mail scanners follow links), the POST is the word. */
#include <stdio.h>

#include "api/api.h"
#include "customer/confirmation.h"
#include "customer/link.h"

struct confirming {
	struct confirmation c;
	int given;
};

static int read_link(struct request *r, struct uuid *id, struct err *err)
{
	switch (link_read(app_of(r)->secret, LINK_CONFIRM, r->param[0], now_of(r), id)) {
	case LINK_GOOD: return 0;
	case LINK_OVER:
		return err_set(err, ERR_NOT_FOUND, "link_over", NULL, "this link is too old; ask for a new one");
	case LINK_FORGED: break;
	}
	return err_set(err, ERR_NOT_FOUND, "link_unknown", NULL, "this is no link of ours");
}

static int show(struct request *r, struct db *db, const struct confirmation *c, const char *state, struct err *err)
{
	struct str locale = STR("");
	struct customer who;
	struct contact point;
	struct uuid owner;
	int f = contact_find(db, &c->address, now_of(r), &point, err);

	if (f < 0 || (f == 0 && (identity_survivor(db, &point.customer, &owner, err) ||
				 customer_get(db, &owner, r->arena, &who, err))))
		return -1;
	if (f == 0)
		locale = who.locale;
	return answer_page(r, "confirm",
			   json_pack("{s:s, s:s, s:s}", "address", c->address.value, "purpose",
				     purpose_word(c->purpose), "state", state),
			   locale, err);
}

int confirm_page(struct request *r, struct err *err)
{
	struct confirming *x = state_new(r, sizeof *x, err);
	struct db *db = request_db(r, err);
	struct consent is;
	struct uuid id;

	if (!x || !db || read_link(r, &id, err) || confirmation_get(db, &id, r->arena, &x->c, err) ||
	    consent_get(db, &x->c.address, x->c.purpose, &is, err))
		return -1;
	return show(r, db, &x->c,
		    x->c.confirmed_at && is.state == CONSENT_IN ? "done"
		    : is.state == CONSENT_PENDING		? "asked"
								: "over",
		    err);
}

static int save_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct confirming *x = r->state;
	struct identity who;
	char member[160];

	snprintf(member, sizeof member, "\"from\":\"%.64s\"", r->remote);
	if (confirmation_get(db, &x->c.id, r->arena, &x->c, err) ||
	    identity_resolve(db, app_of(r)->events, &x->c.address, (struct str){0}, 0, now, &who, err))
		return -1;
	x->given = confirmation_give(db, app_of(r)->events, &x->c, &who.contact.customer, "link", member, now, err);
	return x->given < 0 ? -1 : 0;
}

static int save_finish(struct request *r, struct db *db, struct err *err)
{
	struct confirming *x = r->state;
	return show(r, db, &x->c, x->given ? "done" : "over", err);
}

int confirm_save(struct request *r, struct err *err)
{
	struct confirming *x = state_new(r, sizeof *x, err);

	if (!x || read_link(r, &x->c.id, err))
		return -1;
	r->run = save_run;
	r->finish = save_finish;
	return request_write(r, err);
}
