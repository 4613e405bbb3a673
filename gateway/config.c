#include "config.h"

#include <stdlib.h>

#include "config_tables.h"
#include "http/certificate.h"
#include "model/phone.h"
#include "store/db.h"

struct loading {
	struct config *c;
	config_report *report;
	void *arg;
	struct err *first;
	int wrong;
};

static void say(struct loading *l, const struct err *e)
{
	if (l->wrong++ == 0 && l->first)
		*l->first = *e;
	if (l->report)
		l->report(l->arg, e);
}

static const struct config_table *table_of(const char *kind)
{
	for (const struct config_table *t = config_tables; t->kind; t++)
		if (strcmp(t->kind, kind) == 0)
			return t;
	return NULL;
}

static void own_sections(struct loading *l)
{
	struct err e = {0};

	for (const struct config_table *t = config_tables; t->kind; t++)
		if (settings_fill(l->c->file, settings_find(l->c->file, t->kind, NULL), t->settings,
				  (char *)l->c + t->offset, &e))
			say(l, &e);
}

static int account(struct loading *l, const struct section *sec, const struct channel_ops *ops, struct err *e)
{
	struct config *c = l->c;
	struct config_account *a = &c->accounts[c->accounts_n];

	for (size_t i = 0; i < c->accounts_n && c->accounts[i].name; i++)
		if (strcmp(c->accounts[i].name, section_name(sec)) == 0)
			return err_set(e, ERR_INVALID, "settings_invalid", section_name(sec),
				       "%s:%d: the account name \"%s\" was used in line %d", settings_file(c->file),
				       section_line(sec), section_name(sec), c->accounts[i].line);
	*a = (struct config_account){.name = section_name(sec), .ops = ops, .line = section_line(sec)};
	a->set = calloc(1, ops->settings_size);
	if (!a->set)
		return err_nomem(e);
	if (settings_fill(c->file, sec, ops->settings, a->set, e)) {
		free(a->set);
		return -1;
	}
	c->accounts_n++;
	return 0;
}

static void section(struct loading *l, const struct section *sec)
{
	const struct channel_ops *ops = adapter_find(section_kind(sec));
	const char *file = settings_file(l->c->file), *kind = section_kind(sec), *name = section_name(sec);
	struct err e;

	if (ops && *name) {
		if (account(l, sec, ops, &e))
			say(l, &e);
		return;
	}
	if (!ops && table_of(kind) && !*name)
		return;
	if (ops)
		err_set(&e, ERR_INVALID, "settings_invalid", kind, "%s:%d: an account needs a name, as in [%s main]",
			file, section_line(sec), kind);
	else if (table_of(kind))
		err_set(&e, ERR_INVALID, "settings_invalid", kind, "%s:%d: [%s] takes no name", file, section_line(sec),
			kind);
	else
		err_set(&e, ERR_INVALID, "settings_invalid", kind, "%s:%d: there is no section of kind \"%s\"", file,
			section_line(sec), kind);
	say(l, &e);
}

static void all_accounts(struct loading *l)
{
	const struct section *sec = NULL;
	size_t n = 0;

	while (settings_next(l->c->file, &sec))
		n++;
	l->c->accounts = calloc(n + 1, sizeof *l->c->accounts);
	if (!l->c->accounts) {
		struct err e;
		err_nomem(&e);
		say(l, &e);
		return;
	}
	while (settings_next(l->c->file, &sec))
		section(l, sec);
}

struct policy_settings config_policy_settings(const struct config *c)
{
	return (struct policy_settings){.quiet_hours = c->policy.quiet_hours,
					.quiet_days = c->policy.quiet_days,
					.holidays = c->policy.holidays,
					.time_zone = c->policy.time_zone,
					.frequency_cap = c->policy.frequency_cap,
					.topics = c->policy.topics,
					.region = c->identity.region};
}

/* One rule that a table cannot say; the message names the section's line. */
static void rule(struct loading *l, bool holds, const char *kind, const char *key, const char *why)
{
	const struct section *sec = settings_find(l->c->file, kind, NULL);
	struct err e;

	if (holds)
		return;
	err_set(&e, ERR_INVALID, "settings_invalid", key, "%s:%d: [%s] %s: %s", settings_file(l->c->file),
		sec ? settings_line(sec, key) : 0, kind, key, why);
	say(l, &e);
}

static void certificate(struct loading *l, const char *cert_file, const char *key_file)
{
	struct certificate *c = NULL;
	struct err e = {0};

	if (cert_file && key_file && certificate_load(cert_file, key_file, &c, &e))
		rule(l, false, "http", e.field[0] ? e.field : "tls_cert", e.msg);
	certificate_free(&c);
}

/* libphonenumber knows the regions: any number will do to ask it. That also loads its tables, before any loop runs. */
static bool region_ok(const char *region)
{
	struct phone p;
	struct err e = {0};

	return phone_parse(STR("0171392000"), region, &p, &e) == 0 || strcmp(e.code, "region_unknown") != 0;
}

static bool public_url_ok(const char *url)
{
	size_t n = url ? strlen(url) : 0;

	return !url || ((strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) && n > 8 && n < 300 &&
			url[n - 1] != '/' && strcspn(url, " \"<>?#") == n);
}

static void policy(struct loading *l)
{
	struct policy_settings s = config_policy_settings(l->c);
	struct policy_rules *r = NULL;
	struct err e = {0};

	if (policy_rules_parse(&s, &r, &e))
		rule(l, false, "policy", e.field[0] ? e.field : "quiet_hours", e.msg);
	policy_rules_free(&r);
}

static void cross_rules(struct loading *l)
{
	const struct config *c = l->c;
	struct err e = {0};
	char host[64];
	int port;

	if (config_listen(c->http.listen, host, &port, &e))
		rule(l, false, "http", "listen", e.msg);
	rule(l, !c->http.tls_cert == !c->http.tls_key, "http", c->http.tls_cert ? "tls_cert" : "tls_key",
	     "tls_cert and tls_key come together");
	certificate(l, c->http.tls_cert, c->http.tls_key);
	rule(l, c->outbound.retry_first <= c->outbound.retry_max, "outbound", "retry_first",
	     "is longer than retry_max");
	policy(l);
	rule(l, public_url_ok(c->http.public_url), "http", "public_url",
	     "is no address like https://care.example.com, without a slash at its end");
	rule(l, region_ok(c->identity.region), "identity", "region", "is not a region such as DE or GB");
}

int config_load(const char *path, config_report *report, void *arg, struct config **out, struct err *err)
{
	struct config *c = calloc(1, sizeof *c);
	struct loading l = {.c = c, .report = report, .arg = arg, .first = err};
	struct err e = {0};

	if (!c)
		return err_nomem(err);
	if (settings_load(path, &c->file, &e)) {
		say(&l, &e);
	} else {
		own_sections(&l);
		all_accounts(&l);
		if (!l.wrong)
			cross_rules(&l);
	}
	if (l.wrong) {
		config_free(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void config_free(struct config **cp)
{
	struct config *c = cp ? *cp : NULL;

	if (!c)
		return;
	for (size_t i = 0; i < c->accounts_n && c->accounts[i].ops; i++) {
		settings_release(c->accounts[i].ops->settings, c->accounts[i].set);
		free(c->accounts[i].set);
	}
	free(c->accounts);
	for (const struct config_table *t = config_tables; t->kind; t++)
		settings_release(t->settings, (char *)c + t->offset);
	settings_free(&c->file);
	free(c);
	*cp = NULL;
}

void config_sample(struct buf *out)
{
	buf_adds(out,
		 "# Configuration of threadline. `threadline check` reads it and names the line of every error.\n"
		 "# What stands behind # is the default. A section for each channel account follows at the end.\n");
	for (const struct config_table *t = config_tables; t->kind; t++) {
		buf_addf(out, "\n# %s\n[%s]\n\n", t->about, t->kind);
		settings_sample(out, t->settings);
	}
	for (const struct channel_ops *const *a = adapters; *a; a++) {
		buf_addf(out,
			 "\n# An account of the channel \"%s\"; there may be several, each with its own name.\n#[%s "
			 "main]\n\n",
			 (*a)->name, (*a)->name);
		settings_sample(out, (*a)->settings);
	}
}

int config_listen(const char *listen, char host[64], int *port, struct err *err)
{
	const char *colon = strrchr(listen, ':');
	struct str h = colon ? str_n(listen, (size_t)(colon - listen)) : STR("");
	int64_t v = 0;

	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_n(h.p + 1, h.n - 2);
	else if (memchr(h.p, ':', h.n))
		return err_set(err, ERR_INVALID, "listen_invalid", "listen", "an IPv6 address is written [::1]:8080");
	if (h.n >= 64 || !str_i64(str_of(colon ? colon + 1 : listen), &v) || v < 0 || v > 65535)
		return err_set(err, ERR_INVALID, "listen_invalid", "listen",
			       "is not an address such as 127.0.0.1:8080");
	memcpy(host, h.p, h.n);
	host[h.n] = 0;
	*port = (int)v;
	return 0;
}

void config_blobs(const struct config *c, struct buf *out)
{
	const char *file = db_dsn_file(c->store.dsn), *slash = file ? strrchr(file, '/') : NULL;

	if (c->store.blobs)
		buf_adds(out, c->store.blobs);
	else if (file)
		buf_addf(out, "%.*sblobs", slash ? (int)(slash + 1 - file) : 0, file);
	else
		buf_adds(out, "/var/lib/threadline/blobs");
}
