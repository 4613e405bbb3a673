/* A file is NAME.CHANNEL.LOCALE.liquid; that of a mail begins with "Subject: …" and an empty line. English is for everybody
 * whose language is not there. */
#include "shipped.h"

#include <stdio.h>

#include "base/asset.h"
#include "outbound/template.h"

static const struct {
	const char *name, *description;
	enum purpose purpose;
} shipped[] = {
	{"welcome", "The first day. plan, start", PURPOSE_SERVICE},
	{"bill_issued", "period, amount, due; items (name, amount), url", PURPOSE_SERVICE},
	{"payment_failed", "period, amount, due; reason, url", PURPOSE_SERVICE},
	{"outage", "A fault that the network found. place, what, until", PURPOSE_SERVICE},
	{"outage_over", "place", PURPOSE_SERVICE},
	{"order_progress", "order, step; visit, url", PURPOSE_SERVICE},
	{"data_cap", "used (percent), volume; option (name, volume, price)", PURPOSE_SERVICE},
	{"win_back", "offer, end; url", PURPOSE_MARKETING},
	{"confirm_consent", "Double opt-in. purpose, address, confirm_url (mail)", PURPOSE_SERVICE},
	{"satisfaction", "One question, 1 to 5. matter", PURPOSE_SURVEY},
};

static const struct {
	enum channel channel;
	const char *language;
} kinds[] = {{CHANNEL_SMS, "en"}, {CHANNEL_SMS, "de"}, {CHANNEL_EMAIL, "en"}, {CHANNEL_EMAIL, "de"}};

static bool none_yet(struct db *db, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT name FROM template LIMIT 1");
	int r = db_step(q, err);

	db_done(q);
	return r == DB_END;
}

static void split_subject(struct template_text *t)
{
	static const char label[] = "Subject: ";
	const char *end = memchr(t->text.p, '\n', t->text.n);

	if (t->channel != CHANNEL_EMAIL || !end || strncmp(t->text.p, label, sizeof label - 1) != 0)
		return;
	t->subject = str_n(t->text.p + sizeof label - 1, (size_t)(end - t->text.p) - (sizeof label - 1));
	t->text = str_trim(str_n(end, (size_t)(t->text.p + t->text.n - end)));
}

static size_t texts_of(const char *name, struct template_text *v)
{
	size_t n = 0;

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		char file[120];
		snprintf(file, sizeof file, "templates/messages/%s.%s.%s.liquid", name, channel_word(kinds[k].channel),
			 kinds[k].language);
		v[n] = (struct template_text){.channel = kinds[k].channel, .text = asset_find(str_of(file))};
		if (!v[n].text.p)
			continue;
		v[n].text = str_trim(v[n].text);
		v[n].locale = strcmp(kinds[k].language, "en") == 0 ? STR("") : str_of(kinds[k].language);
		split_subject(&v[n]);
		n++;
	}
	return n;
}

int shipped_templates(struct db *db, int64_t now, struct err *err)
{
	struct err e = {0};

	if (!none_yet(db, &e)) {
		if (e.kind != ERR_NONE && err)
			*err = e;
		return e.kind == ERR_NONE ? 0 : -1;
	}
	for (size_t k = 0; k < sizeof shipped / sizeof *shipped; k++) {
		struct template_text v[sizeof kinds / sizeof *kinds];
		const struct template_about about = {.description = str_of(shipped[k].description),
						     .purpose = shipped[k].purpose};
		struct str name = str_of(shipped[k].name);
		size_t n = texts_of(shipped[k].name, v);
		int version;
		for (size_t i = 0; i < n; i++)
			if (template_text_check(&v[i], err))
				return err_context(err, "shipped template %s", shipped[k].name);
		if (template_write(db, name, &about, v, n, "threadline", now, &version, err) ||
		    template_publish(db, name, "threadline", now, &version, err))
			return -1;
	}
	return 0;
}
