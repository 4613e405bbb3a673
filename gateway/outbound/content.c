#include "outbound/content.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "liquid/json_value.h"
#include "liquid/liquid.h"

struct content {
	struct liquid_template *subject, *text, *html;
	enum liquid_escape escape; /* of text */
};

struct liquid_syntax content_syntax(void)
{
	struct liquid_syntax s = {.mode = LIQUID_STRICT};

	s.filters = domain_filters(&s.n_filters);
	return s;
}

static int parse(struct str source, const char *field, struct liquid_template **out, struct err *err)
{
	const struct liquid_syntax syntax = content_syntax();
	struct liquid_error e = {0};

	if (source.n == 0 || liquid_parse(&syntax, source, out, &e) == 0)
		return 0;
	return err_set(err, ERR_SEMANTIC, "template_invalid", field, "line %d, column %d: %.150s", e.line, e.column,
		       e.msg);
}

int content_new(const struct template_text *t, struct content **out, struct err *err)
{
	struct content *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->escape = t->channel == CHANNEL_IVR ? LIQUID_XML : LIQUID_PLAIN;
	if (parse(t->subject, "subject", &c->subject, err) || parse(t->text, "text", &c->text, err) ||
	    parse(t->html, "html", &c->html, err)) {
		content_free(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void content_free(struct content **cp)
{
	struct content *c = *cp;

	if (!c)
		return;
	liquid_template_free(&c->subject);
	liquid_template_free(&c->text);
	liquid_template_free(&c->html);
	free(c);
	*cp = NULL;
}

/* ---- what a template sees ---- */

struct view {
	const struct content_data *d;
	json_t *attributes; /* NULL: none */
};

static struct str first_name(struct str name)
{
	const char *space = name.n ? memchr(name.p, ' ', name.n) : NULL;
	return space ? str_n(name.p, (size_t)(space - name.p)) : name;
}

static bool json_member(const json_t *o, struct str key, struct liquid_value *out)
{
	const json_t *v = o ? json_object_getn(o, key.p, key.n) : NULL;

	if (v)
		*out = liquid_json(v);
	return v != NULL;
}

static bool customer_get_member(const void *self, struct str key, struct liquid_value *out)
{
	const struct view *v = self;
	const struct customer *c = v->d->customer;
	const struct {
		const char *name;
		struct str value;
	} own[] = {{"name", c->name},
		   {"first_name", first_name(c->name)},
		   {"external_id", c->external_id},
		   {"locale", c->locale},
		   {"time_zone", c->time_zone},
		   {"tier", c->tier},
		   {"stage", str_of(stage_word(c->stage))}};

	for (size_t k = 0; k < sizeof own / sizeof *own; k++)
		if (str_is(key, own[k].name)) {
			/* What is not known is nil, so that `default` speaks. */
			*out = own[k].value.n ? liquid_str(own[k].value) : liquid_nil();
			return true;
		}
	if (str_is(key, "attributes")) {
		*out = v->attributes ? liquid_json(v->attributes) : liquid_nil();
		return true;
	}
	return json_member(v->attributes, key, out);
}

static size_t customer_count(const void *self) { return ((const struct view *)self)->d->customer ? 1 : 0; }

static bool no_next(const void *self, void **at, struct str *key, struct liquid_value *out)
{
	(void)self, (void)at, (void)key, (void)out;
	return false;
}

static const struct liquid_ops customer_ops = {
	.name = "customer", .count = customer_count, .get = customer_get_member, .next = no_next};

static bool root_get(const void *self, struct str key, struct liquid_value *out)
{
	const struct view *v = self;

	if (str_is(key, "customer") && v->d->customer) {
		*out = liquid_object(&customer_ops, v);
		return true;
	}
	if (v->d->preference_url.n && (str_is(key, "preference_url") || str_is(key, "unsubscribe_url"))) {
		*out = liquid_str(v->d->preference_url);
		return true;
	}
	return json_member(v->d->data, key, out);
}

static const struct liquid_ops root_ops = {
	.name = "message", .count = customer_count, .get = root_get, .next = no_next};

/* ---- rendering ---- */

struct scene {
	struct domain domain; /* first: what the filters take the host for */
	const struct content_data *d;
	bool html; /* the part that is being rendered */
};

static const struct liquid_template *partial(void *host, struct str name, struct liquid_error *e)
{
	const struct scene *s = host;
	struct err err = {0};
	const struct content *c = s->d->partial(s->d->arg, name, &err);

	if (c)
		return s->html && c->html ? c->html : c->text;
	snprintf(e->msg, sizeof e->msg, "%.190s", err.msg);
	return NULL;
}

static int render(const struct liquid_template *t, struct liquid_render *r, const struct view *v,
		  enum liquid_escape escape, const char *field, struct buf *out, struct err *err)
{
	struct scene scene = {.domain = v->d->domain, .d = v->d, .html = escape == LIQUID_HTML};
	struct liquid_input in = {.data = liquid_object(&root_ops, v),
				  .now = v->d->now / US_SEC,
				  .escape = escape,
				  .partial = v->d->partial ? partial : NULL,
				  .host = &scene};
	struct liquid_error e = {0};

	buf_reset(out);
	if (!t || liquid_render(r, t, &in, out, &e) == 0)
		return 0;
	return err_set(err, ERR_SEMANTIC, "template_failed", "/template", "%s, line %d, column %d: %.150s", field,
		       e.line, e.column, e.msg);
}

int content_render(const struct content *c, struct liquid_render *r, const struct content_data *d,
		   struct content_out *out, struct err *err)
{
	struct view v = {.d = d};
	int rc;

	if (d->customer && d->customer->attributes.n > 2 && json_read(d->customer->attributes, 32, &v.attributes, NULL))
		v.attributes = NULL;
	rc = render(c->subject, r, &v, LIQUID_PLAIN, "subject", &out->subject, err) ||
	     render(c->text, r, &v, c->escape, "text", &out->text, err) ||
	     render(c->html, r, &v, LIQUID_HTML, "html", &out->html, err);
	json_decref(v.attributes);
	return rc ? -1 : 0;
}
