/*
 * The text of a message that names a template, made in the job that writes the message, when its channel is known. Parsed
 * texts are kept: what is published never changes, so name, version, channel and locale name one for ever.
 */
#include <stdio.h>
#include <stdlib.h>

#include "liquid/liquid.h"
#include "outbound/content.h"
#include "outbound/private.h"

enum { KEPT = 256, KEY_MAX = TEMPLATE_NAME_MAX + TEMPLATE_LOCALE_MAX + 32, SUBJECT_ROOM = 998, TEXT_ROOM = 64 << 10 };
enum { HTML_ROOM = 512 << 10, DATA_DEPTH = 32 };

struct renderer {
	struct liquid_render *liquid;
	struct arena *arena;
	struct content_out out;
	struct buf options, metadata;
	struct kept {
		char key[KEY_MAX];
		struct content *content;
	} v[KEPT];
	size_t n;
};

struct renderer *renderer_new(void)
{
	struct renderer *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->liquid = liquid_render_new();
	r->arena = arena_new(2 << 20);
	buf_init(&r->out.subject, SUBJECT_ROOM);
	buf_init(&r->out.text, TEXT_ROOM);
	buf_init(&r->out.html, HTML_ROOM);
	buf_init(&r->options, 2 * HTML_ROOM);
	buf_init(&r->metadata, 128 << 10);
	if (!r->liquid || !r->arena)
		renderer_free(&r);
	return r;
}

static void forget(struct renderer *r)
{
	for (size_t k = 0; k < r->n; k++)
		content_free(&r->v[k].content);
	r->n = 0;
}

void renderer_free(struct renderer **rp)
{
	struct renderer *r = *rp;

	if (!r)
		return;
	forget(r);
	liquid_render_free(&r->liquid);
	arena_free(&r->arena);
	buf_free(&r->out.subject);
	buf_free(&r->out.text);
	buf_free(&r->out.html);
	buf_free(&r->options);
	buf_free(&r->metadata);
	free(r);
	*rp = NULL;
}

static int content_of(struct renderer *r, struct db *db, struct str name, int version, enum channel channel,
		      struct str locale, const struct content **out, struct err *err)
{
	struct template_text text;
	char key[KEY_MAX];

	if (locale.n > TEMPLATE_LOCALE_MAX)
		locale = STR("");
	snprintf(key, sizeof key, "%.*s/%d/%d/%.*s", (int)name.n, name.p, version, (int)channel, (int)locale.n,
		 locale.p);
	for (size_t k = 0; k < r->n; k++)
		if (strcmp(r->v[k].key, key) == 0) {
			*out = r->v[k].content;
			return 0;
		}
	if (template_pick(db, name, version, channel, locale, r->arena, &text, err))
		return -1;
	if (r->n == KEPT)
		forget(r);
	if (content_new(&text, &r->v[r->n].content, err))
		return -1;
	memcpy(r->v[r->n].key, key, sizeof key);
	*out = r->v[r->n++].content;
	return 0;
}

/* The object with one member more in front; the member's value is JSON already. */
static struct str with(struct buf *b, struct str object, const char *name, struct str value)
{
	struct str rest = str_trim(object);

	rest = rest.n >= 2 && rest.p[0] == '{' ? str_trim(str_n(rest.p + 1, rest.n - 2)) : STR("");
	buf_addc(b, '{');
	buf_addc(b, '"');
	buf_adds(b, name);
	buf_adds(b, "\":");
	buf_addstr(b, value);
	if (rest.n) {
		buf_addc(b, ',');
		buf_addstr(b, rest);
	}
	buf_addc(b, '}');
	return buf_str(b);
}

static int fill(struct renderer *r, int version, struct send_request *q, struct err *err)
{
	struct buf value;

	q->subject = str_trim(buf_str(&r->out.subject));
	q->text = str_trim(buf_str(&r->out.text));
	buf_reset(&r->options);
	buf_reset(&r->metadata);
	buf_init(&value, 2 * HTML_ROOM);
	if (r->out.html.n) {
		json_quote(&value, buf_str(&r->out.html));
		q->options = with(&r->options, q->options, "html", buf_str(&value));
		buf_reset(&value);
	}
	buf_adds(&value, "{\"name\":");
	json_quote(&value, q->template.name);
	buf_adds(&value, ",\"version\":");
	buf_add_i64(&value, version);
	buf_addc(&value, '}');
	q->metadata = with(&r->metadata, q->metadata, "template", buf_str(&value));
	if (value.failed || r->options.failed || r->metadata.failed) {
		buf_free(&value);
		return err_nomem(err);
	}
	buf_free(&value);
	if (!q->text.n && !r->out.html.n)
		return err_set(err, ERR_SEMANTIC, "text_empty", "/template", "the template makes an empty text");
	return 0;
}

int render_request(struct outbound *o, struct db *db, const struct uuid *customer, enum channel channel, int64_t now,
		   struct send_request *q, struct err *err)
{
	struct renderer *r = o->renderer;
	struct content_data d = {.now = now};
	const struct content *content;
	int version = q->template.version, rc;
	json_t *data = NULL;
	struct customer c;

	arena_reset(r->arena);
	if ((version == 0 && template_published(db, q->template.name, &version, err)) ||
	    customer_get(db, customer, r->arena, &c, err) ||
	    content_of(r, db, q->template.name, version, channel, q->template.locale.n ? q->template.locale : c.locale,
		       &content, err))
		return -1;
	if (q->template.data.n && json_read(q->template.data, DATA_DEPTH, &data, err))
		return -1;
	d.customer = &c;
	d.data = data;
	rc = content_render(content, r->liquid, &d, &r->out, err);
	json_decref(data);
	return rc ? -1 : fill(r, version, q, err);
}
