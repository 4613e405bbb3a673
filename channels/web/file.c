/*
 * Attachments. What a file is, its first bytes say, not its name or what the browser claims; it is stored once, by hash;
 * it is given back as a download that no browser executes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "web/private.h"

static bool starts(struct str s, const char *magic, size_t n) { return s.n >= n && memcmp(s.p, magic, n) == 0; }

/* The WHATWG MIME Sniffing standard's signatures, for the types an account may allow. */
static const char *sniff(struct str b)
{
	if (starts(b, "\x89PNG\r\n\x1a\n", 8))
		return "image/png";
	if (starts(b, "\xff\xd8\xff", 3))
		return "image/jpeg";
	if (starts(b, "GIF87a", 6) || starts(b, "GIF89a", 6))
		return "image/gif";
	if (b.n >= 12 && starts(b, "RIFF", 4) && memcmp(b.p + 8, "WEBP", 4) == 0)
		return "image/webp";
	if (starts(b, "%PDF-", 5))
		return "application/pdf";
	if (b.n && str_utf8_ok(b) && !memchr(b.p, 0, b.n))
		return "text/plain";
	return "application/octet-stream";
}

static bool type_allowed(const struct web_settings *set, const char *type)
{
	struct str item;
	size_t pos = 0;

	while (settings_list_next(set->file_types, &pos, &item))
		if (str_is(item, type))
			return true;
	return false;
}

struct putting {
	struct asker k;
	struct uuid visitor;
};

static void on_put(void *arg, const struct attachment *f, const char *error)
{
	struct putting *p = arg;
	struct account *a = p->k.a;
	char sign[FILE_SIGN + 1];
	struct json_out j;
	struct buf b;

	if (error) {
		ask_problem(&p->k, 503, "store_unavailable", error, 5);
	} else {
		token_sign_file(a->host->secret, &p->visitor, str_of(f->sha256), sign);
		buf_init(&b, 8192);
		json_begin(&j, &b);
		json_obj(&j, NULL);
		json_cstr(&j, "sha256", f->sha256);
		json_str(&j, "name", f->name);
		json_str(&j, "type", f->type);
		json_int(&j, "size", f->size);
		json_cstr(&j, "sign", sign);
		json_end(&j);
		ask_reply(&p->k, 201, buf_str(&b));
		buf_free(&b);
	}
	free(p);
	pending_done(a);
}

void web_file_put(struct account *a, const struct channel_request *r)
{
	struct str name = r->query(r, "name");
	struct putting *p;
	struct uuid visitor;
	const char *type;
	struct asker k;

	if (!ask_begin(&k, a, r) || !ask_visitor(&k, r, &visitor))
		return;
	if (r->body.n == 0 || (int64_t)r->body.n > a->set->max_file) {
		ask_problem(&k, r->body.n ? 413 : 422, r->body.n ? "file_too_large" : "file_empty",
			    "the file is empty or too large", 0);
		return;
	}
	type = sniff(r->body);
	if (!type_allowed(a->set, type)) {
		ask_problem(&k, 415, "file_type_refused", "files of this type are not taken here", 0);
		return;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		ask_problem(&k, 503, "out_of_memory", "not enough memory now", 5);
		return;
	}
	*p = (struct putting){.k = k, .visitor = visitor};
	if (!name.n || name.n > 200 || !str_utf8_ok(name))
		name = STR("file");
	pending_add(a);
	a->host->blob_put(a->host->self, r->body, name, str_of(type), on_put, p);
}

static void on_got(void *arg, struct str bytes, const char *error)
{
	static const struct str headers[] = {STR("Content-Disposition"),
					     STR("attachment"),
					     STR("X-Content-Type-Options"),
					     STR("nosniff"),
					     STR("Content-Security-Policy"),
					     STR("default-src 'none'; sandbox"),
					     STR("Cache-Control"),
					     STR("private, max-age=86400, immutable"),
					     STR("Cross-Origin-Resource-Policy"),
					     STR("cross-origin")};
	struct putting *p = arg;
	struct account *a = p->k.a;

	if (error)
		ask_problem(&p->k, 404, "file_unknown", error, 0);
	else
		a->host->reply(a->host->self, p->k.e,
			       &(struct channel_reply){.status = 200,
						       .content_type = sniff(bytes),
						       .body = bytes,
						       .headers = headers,
						       .headers_n = sizeof headers / sizeof *headers});
	free(p);
	pending_done(a);
}

/* GET /web/{account}/file/{sha256}?visitor=&sign= : an <img> cannot carry a header, so the address is the permission. */
void web_file_get(struct account *a, const struct channel_request *r)
{
	struct uuid visitor;
	struct putting *p;
	char sha[65] = "";
	struct asker k;

	if (!ask_begin(&k, a, r))
		return;
	if (!uuid_parse(r->query(r, "visitor"), &visitor) ||
	    !token_file_ok(a->host->secret, &visitor, r->param, r->query(r, "sign"))) {
		ask_problem(&k, 404, "file_unknown", "there is no such file here", 0);
		return;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		ask_problem(&k, 503, "out_of_memory", "not enough memory now", 5);
		return;
	}
	*p = (struct putting){.k = k, .visitor = visitor};
	memcpy(sha, r->param.p, 64);
	pending_add(a);
	a->host->blob_get(a->host->self, sha, on_got, p);
}
