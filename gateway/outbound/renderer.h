/*
 * The texts of a message that names a template, made by the customer and the channel it goes to. Used by the job that writes
 * a message, and by whoever wants to see it before; parsed texts are kept from call to call, so one renderer is for one
 * thread and one store.
 *
 * What a template sees and how it is bounded: content.h. `render` and `include` name other templates: their published text
 * for the same channel and locale, and the same part of it (HTML in HTML).
 */
#pragma once
#include "channel/accounts.h"
#include "outbound/content.h"

struct renderer;
struct renderer *renderer_new(void); /* NULL when out of memory */
void renderer_free(struct renderer **r);

struct rendering {
	struct db *db;
	struct accounts *accounts; /* for sms_parts; NULL: it fails */
	const char *region;	   /* where numbers are at home */
	const char *public_url;	   /* for preference_url; NULL: it is nil */
	struct str secret;	   /* signs it */
	const struct customer *customer;
	struct str name;
	int version; /* 0: the one that is published */
	enum channel channel;
	struct str locale;  /* empty: the customer's */
	const json_t *data; /* an object, or NULL */
	int64_t now;	    /* microseconds */
};

struct rendered {
	int version;
	struct str locale; /* of the text that was picked */
	struct str subject, text, html;
};

/* Texts live until the next call. ERR_SEMANTIC "template_unknown", "template_has_no_text", "template_failed" with where
 * and why; ERR_SEMANTIC "text_empty" when it makes nothing. */
int renderer_run(struct renderer *r, const struct rendering *what, struct rendered *out, struct err *err);
