#include "outbound/renderer.h"

#include <stdio.h>
#include <stdlib.h>

#include "customer/link.h"
#include "liquid/liquid.h"
#include "outbound/translation.h"

/* What is published never changes, so name, version, channel and locale name one parsed text for ever. */
enum { KEPT = 256, PARTIALS = 64, KEY_MAX = TEMPLATE_NAME_MAX + TEMPLATE_LOCALE_MAX + 32 };
enum { URL_MAX = 400 };
enum { SUBJECT_ROOM = 4096, TEXT_ROOM = 64 << 10, HTML_ROOM = 512 << 10, ARENA_ROOM = 4 << 20 };

struct renderer {
	struct liquid_render *liquid;
	struct domain_formats *formats;
	struct arena *arena;
	struct content_out out;
	const struct rendering *what; /* of the call under way */
	struct str locale;
	struct kept {
		char key[KEY_MAX];
		struct content *content;
		char locale[TEMPLATE_LOCALE_MAX + 1]; /* that it was found under */
	} v[KEPT];
	size_t n;
};

struct renderer *renderer_new(void)
{
	struct renderer *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->liquid = liquid_render_new();
	r->formats = domain_formats_new();
	r->arena = arena_new(ARENA_ROOM);
	buf_init(&r->out.subject, SUBJECT_ROOM);
	buf_init(&r->out.text, TEXT_ROOM);
	buf_init(&r->out.html, HTML_ROOM);
	if (!r->liquid || !r->formats || !r->arena)
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
	domain_formats_free(&r->formats);
	arena_free(&r->arena);
	buf_free(&r->out.subject);
	buf_free(&r->out.text);
	buf_free(&r->out.html);
	free(r);
	*rp = NULL;
}

/* A draft may change: it is kept for the call only. */
static int content_of(struct renderer *r, struct str name, int version, const struct kept **out, struct err *err)
{
	const struct rendering *w = r->what;
	struct str locale = r->locale.n > TEMPLATE_LOCALE_MAX ? STR("") : r->locale;
	struct template_text text;
	char key[KEY_MAX];
	struct kept *k;

	snprintf(key, sizeof key, "%.*s/%d/%d/%.*s", (int)name.n, name.p, version, (int)w->channel, (int)locale.n,
		 locale.p ? locale.p : "");
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].key, key) == 0) {
			*out = &r->v[i];
			return 0;
		}
	if (r->n == KEPT)
		return err_set(err, ERR_SEMANTIC, "template_failed", "/template", "too many other templates in it");
	if (template_pick(w->db, name, version, w->channel, locale, r->arena, &text, err))
		return -1;
	k = &r->v[r->n];
	if (content_new(&text, &k->content, err))
		return -1;
	memcpy(k->key, key, sizeof key);
	snprintf(k->locale, sizeof k->locale, "%.*s", (int)text.locale.n, text.locale.p);
	r->n++;
	*out = k;
	return 0;
}

static const struct content *partial(void *arg, struct str name, struct err *err)
{
	struct renderer *r = arg;
	const struct kept *k;
	int version;

	if (template_name_check(name, err) || template_published(r->what->db, name, &version, err) ||
	    content_of(r, name, version, &k, err))
		return NULL;
	return k->content;
}

static int sms_parts(void *arg, struct str text)
{
	struct renderer *r = arg;
	struct account_info a;

	if (!r->what->accounts || !accounts_pick(r->what->accounts, CHANNEL_SMS, STR(""), &a))
		return -1;
	return a.ops->estimate(a.account, text, STR("{}")).segments;
}

static bool translate(void *arg, struct str key, struct str *out)
{
	struct renderer *r = arg;

	return translation_find(r->what->db, r->locale, key, r->arena, out, NULL) == 1;
}

/* Where the customer says what may be sent (customer/link.h); empty where nobody can reach us. */
static struct str preference_url(const struct rendering *w, char room[URL_MAX])
{
	char token[LINK_TEXT];
	int n;

	if (!w->public_url || !w->customer || uuid_is_nil(&w->customer->id))
		return STR("");
	link_sign(w->secret, LINK_PREFERENCES, &w->customer->id, 0, token);
	n = snprintf(room, URL_MAX, "%s/p/%s", w->public_url, token);
	return n < URL_MAX ? str_n(room, (size_t)n) : STR("");
}

static int render(struct renderer *r, const struct kept *k, struct err *err)
{
	const struct rendering *w = r->what;
	char url[URL_MAX];
	const struct content_data d = {.customer = w->customer,
				       .data = w->data,
				       .now = w->now,
				       .preference_url = preference_url(w, url),
				       .domain = {.locale = r->locale,
						  .time_zone = w->customer ? w->customer->time_zone : STR(""),
						  .region = str_of(w->region ? w->region : ""),
						  .formats = r->formats,
						  .arg = r,
						  .sms_parts = sms_parts,
						  .translate = translate},
				       .partial = partial,
				       .arg = r};

	return content_render(k->content, r->liquid, &d, &r->out, err);
}

int renderer_run(struct renderer *r, const struct rendering *what, struct rendered *out, struct err *err)
{
	const struct kept *k;
	int version = what->version;

	arena_reset(r->arena);
	if (r->n > KEPT - PARTIALS)
		forget(r);
	r->what = what;
	r->locale = what->locale.n ? what->locale : what->customer ? what->customer->locale : STR("");
	if ((version == 0 && template_published(what->db, what->name, &version, err)) ||
	    content_of(r, what->name, version, &k, err) || render(r, k, err))
		return -1;
	*out = (struct rendered){.version = version,
				 .locale = str_of(k->locale),
				 .subject = str_trim(buf_str(&r->out.subject)),
				 .text = str_trim(buf_str(&r->out.text)),
				 .html = buf_str(&r->out.html)};
	if (!out->text.n && !out->html.n)
		return err_set(err, ERR_SEMANTIC, "text_empty", "/template", "the template makes an empty text");
	return 0;
}
