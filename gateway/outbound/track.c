/* A marketing message whose customer has consented to it goes out with links that we see followed (links.h). */
#include "base/json.h"
#include "customer/consent.h"
#include "outbound/private.h"

enum { OPTIONS_DEPTH = 16 };

static int consented(struct db *db, const struct address *to, bool *yes, struct err *err)
{
	struct consent c;

	if (consent_get(db, to, PURPOSE_TRACKING, &c, err))
		return -1;
	*yes = c.state == CONSENT_IN;
	return 0;
}

/* The HTML of a mail stands among its options. */
static int in_options(struct links *l, struct arena *a, struct str *options, struct err *err)
{
	json_t *tree = NULL, *html;
	struct str text;
	char *dumped = NULL;

	if (!options->n || !memmem(options->p, options->n, "\"html\"", 6) ||
	    json_read(*options, OPTIONS_DEPTH, &tree, NULL))
		return 0;
	html = json_object_get(tree, "html");
	if (json_is_string(html)) {
		text = links_in_html(l, a, str_n(json_string_value(html), json_string_length(html)));
		if (text.p && json_object_set_new(tree, "html", json_stringn(text.p, text.n)) == 0)
			dumped = json_dumps(tree, JSON_COMPACT);
		if (dumped)
			*options = arena_str(a, str_of(dumped));
		if (!dumped || !options->p)
			err_nomem(err);
	}
	free(dumped);
	json_decref(tree);
	return err->kind == ERR_NONE ? 0 : -1;
}

int track_links(struct outbound *o, struct db *db, const struct address *to, struct send_request *q,
		struct str *options, struct links *l, struct err *err)
{
	struct err e = {0};
	bool yes;

	if (!o->c.track_links || !o->c.public_url || q->purpose != PURPOSE_MARKETING)
		return 0;
	if (consented(db, to, &yes, err))
		return -1;
	if (!yes)
		return 0;
	l->secret = o->c.secret;
	l->public_url = o->c.public_url;
	q->text = links_in_text(l, o->may, q->text);
	if (!q->text.p)
		return err_nomem(err);
	if (in_options(l, o->may, options, &e)) {
		*err = e;
		return -1;
	}
	return 0;
}
