/*
 * Content: a template's text becomes the text of one message. What a template sees: the members of the request's data by
 * their names, and `customer` with external_id, name, first_name, locale, time_zone, tier, stage and the customer's own
 * attributes (customer.attributes.plan, or customer.plan for short),
 * and preference_url (or unsubscribe_url), where the customer says what may be sent.
 *
 * Filters for people of the customer's language: templates/domain. Mails escape their HTML, voice its XML, texts nothing.
 * Rendering is bounded (templates/liquid).
 */
#pragma once
#include "customer/customer.h"
#include "domain/filters.h"
#include "outbound/template.h"

struct content; /* one template_text, parsed: immutable */
struct liquid_render;

/* How all our templates are read: strict, with the filters of templates/domain. */
struct liquid_syntax content_syntax(void);
/* ERR_SEMANTIC "template_invalid" as template_text_check says it. */
int content_new(const struct template_text *t, struct content **out, struct err *err);
void content_free(struct content **c);

struct content_data {
	const struct customer *customer;
	const json_t *data;	   /* an object, or NULL */
	int64_t now;		   /* microseconds */
	struct str preference_url; /* also as unsubscribe_url; empty: nil */
	struct domain domain;
	/* Another template by its name, alive until the render ends; NULL with err filled. NULL: there are none. */
	const struct content *(*partial)(void *arg, struct str name, struct err *err);
	void *arg;
};

struct content_out {
	struct buf subject, text, html; /* the caller's, with their limits */
};

/* ERR_SEMANTIC "template_failed". `r` may be used by one thread at a time. */
int content_render(const struct content *c, struct liquid_render *r, const struct content_data *d,
		   struct content_out *out, struct err *err);
