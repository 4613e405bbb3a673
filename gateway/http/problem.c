/* Problem details (RFC 9457). One kind of error is one status; the code is for programs, the detail for people. */
#include <stdio.h>

#include "http/private.h"

static const struct {
	int status;
	const char *title;
} kinds[] = {[ERR_NONE] = {500, "Internal Server Error"},
	     [ERR_INVALID] = {400, "Bad Request"},
	     [ERR_UNAUTHORIZED] = {401, "Unauthorized"},
	     [ERR_DENIED] = {403, "Forbidden"},
	     [ERR_NOT_FOUND] = {404, "Not Found"},
	     [ERR_CONFLICT] = {409, "Conflict"},
	     [ERR_PRECONDITION] = {412, "Precondition Failed"},
	     [ERR_TOO_LARGE] = {413, "Content Too Large"},
	     [ERR_SEMANTIC] = {422, "Unprocessable Content"},
	     [ERR_BUSY] = {429, "Too Many Requests"},
	     [ERR_UNAVAILABLE] = {503, "Service Unavailable"},
	     [ERR_INTERNAL] = {500, "Internal Server Error"}};

static int status_of(const struct err *e, const char **title)
{
	static const struct {
		const char *code, *title;
		int status;
	} special[] = {{"method_not_allowed", "Method Not Allowed", 405},
		       {"media_type_unsupported", "Unsupported Media Type", 415},
		       {"headers_too_large", "Request Header Fields Too Large", 431}};

	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (strcmp(e->code, special[i].code) == 0) {
			*title = special[i].title;
			return special[i].status;
		}
	*title = kinds[e->kind].title;
	return kinds[e->kind].status;
}

int problem_status(const struct err *e)
{
	const char *title;
	return status_of(e, &title);
}

void problem_json(struct json_out *j, const char *key, const struct err *e, const char *request_id)
{
	const char *title;
	int status = status_of(e, &title);

	json_obj(j, key);
	json_cstr(j, "type", "about:blank");
	json_cstr(j, "title", title);
	json_int(j, "status", status);
	json_cstr(j, "code", e->code[0] ? e->code : "error");
	json_cstr(j, "detail", e->msg);
	if (e->field[0]) {
		json_arr(j, "errors");
		json_obj(j, NULL);
		json_cstr(j, "field", e->field);
		json_cstr(j, "code", e->code[0] ? e->code : "error");
		json_cstr(j, "detail", e->msg);
		json_end(j);
		json_end(j);
	}
	if (request_id)
		json_cstr(j, "request_id", request_id);
	json_end(j);
}

void request_problem(struct request *r, const struct err *e)
{
	const char *title;
	char seconds[16];

	buf_reset(&r->out);
	r->status = status_of(e, &title);
	r->content_type = "application/problem+json";
	json_begin(&r->json, &r->out);
	problem_json(&r->json, NULL, e, r->correlation);
	if (e->retry_after_s > 0 || r->status == 429 || r->status == 503) {
		snprintf(seconds, sizeof seconds, "%d", e->retry_after_s > 0 ? e->retry_after_s : 1);
		request_header(r, "Retry-After", seconds);
	}
	if (r->status == 401)
		request_header(r, "WWW-Authenticate", "Bearer realm=\"threadline\"");
}
