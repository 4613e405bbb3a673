/* The console and the widget, from the binary itself. */
#include "api/api.h"
#include "base/asset.h"

static const struct {
	const char *ending, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
	     {".js", "text/javascript; charset=utf-8"},
	     {".css", "text/css; charset=utf-8"},
	     {".svg", "image/svg+xml"},
	     {".json", "application/json"}};

static int asset(struct request *r, struct str name, struct err *err)
{
	struct str data = asset_find(name);

	if (!data.p)
		return err_set(err, ERR_NOT_FOUND, "file_not_found", NULL, "there is no such file");
	r->content_type = "application/octet-stream";
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t n = strlen(types[i].ending);
		if (name.n > n && memcmp(name.p + name.n - n, types[i].ending, n) == 0)
			r->content_type = types[i].type;
	}
	r->status = 200;
	buf_reset(&r->out);
	buf_addstr(&r->out, data);
	request_header(r, "Cache-Control", "no-cache");
	return 0;
}

int console_get(struct request *r, struct err *err)
{
	struct str tail = r->param[0].n ? r->param[0] : STR("index.html");
	struct buf name;
	int k;

	buf_init(&name, 300);
	buf_adds(&name, "console/");
	buf_addstr(&name, tail);
	k = name.failed ? err_set(err, ERR_NOT_FOUND, "file_not_found", NULL, "there is no such file")
			: asset(r, buf_str(&name), err);
	buf_free(&name);
	request_header(r, "Content-Security-Policy",
		       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
		       " base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
	request_header(r, "Referrer-Policy", "no-referrer");
	return k;
}

int console_root(struct request *r, struct err *err)
{
	(void)err;
	r->status = 302;
	r->content_type = "text/plain";
	request_header(r, "Location", "/console/");
	return 0;
}

int widget_get(struct request *r, struct err *err)
{
	request_header(r, "Access-Control-Allow-Origin", "*");
	request_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
	return asset(r, STR("web/widget.js"), err);
}
