/* The table of routes as a whole: it is the contract of who may do what. */
#include <criterion/criterion.h>

#include "api/api.h"
#include "base/asset.h"

static const struct route *find(const char *method, const char *path)
{
	for (const struct route *r = api_routes; r->method; r++)
		if (strcmp(r->method, method) == 0 && strcmp(r->path, path) == 0)
			return r;
	return NULL;
}

static const struct {
	const char *method, *path;
	unsigned roles;
} least[] = {
	{"POST", "/v1/messages", R_ALL},
	{"GET", "/v1/customers/{id}/timeline", R_AGENT | R_INTEGRATION | R_ADMIN},
	{"POST", "/v1/customers/{id}/merge", R_AGENT | R_ADMIN},
	{"POST", "/v1/conversations/{id}/reply", R_AGENT | R_ADMIN},
	{"GET", "/v1/conversations", R_AGENT | R_ADMIN},
	{"GET", "/v1/search", R_AGENT | R_ADMIN},
	{"GET", "/v1/stream", R_AGENT | R_INTEGRATION | R_ADMIN},
	{"POST", "/v1/keys", R_ADMIN},
	{"GET", "/v1/keys", R_ADMIN},
	{"DELETE", "/v1/keys/{id}", R_ADMIN},
	{"POST", "/v1/never_merge", R_ADMIN},
	{"POST", "/v1/segments", R_MARKETING | R_ADMIN},
	{"POST", "/v1/segments/preview", R_MARKETING | R_ADMIN},
	{"DELETE", "/v1/segments/{id}", R_MARKETING | R_ADMIN},
	{"POST", "/v1/offers", R_MARKETING | R_ADMIN},
	{"PATCH", "/v1/offers/{id}", R_MARKETING | R_ADMIN},
	{"DELETE", "/v1/offers/{id}", R_MARKETING | R_ADMIN},
	{"POST", "/v1/offers/{id}/present", R_ALL},
	{"POST", "/v1/offers/{id}/accept", R_AGENT | R_INTEGRATION | R_ADMIN},
	{"POST", "/v1/offers/{id}/decline", R_AGENT | R_INTEGRATION | R_ADMIN},
};

Test(routes, least_privilege)
{
	for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
		const struct route *r = find(least[i].method, least[i].path);
		cr_assert(r, "%s %s", least[i].method, least[i].path);
		cr_expect_eq(r->roles, least[i].roles, "%s %s", least[i].method, least[i].path);
	}
}

Test(routes, nothing_below_v1_is_public_but_signing_in)
{
	for (const struct route *r = api_routes; r->method; r++)
		if (strncmp(r->path, "/v1/", 4) == 0 && strcmp(r->path, "/v1/session") != 0)
			cr_expect_neq(r->roles, R_PUBLIC, "%s %s", r->method, r->path);
}

static const char *lower(const char *method)
{
	static const char *const words[][2] = {
		{"GET", "get"}, {"POST", "post"}, {"PUT", "put"}, {"PATCH", "patch"}, {"DELETE", "delete"}};
	for (size_t i = 0; i < 5; i++)
		if (strcmp(method, words[i][0]) == 0)
			return words[i][1];
	return "?";
}

static bool page(const char *path) /* pages for people are not part of the contract */
{
	return strncmp(path, "/console", 8) == 0 || strcmp(path, "/") == 0 || strcmp(path, "/widget.js") == 0;
}

Test(routes, the_document_and_the_table_agree)
{
	struct str text = asset_find(STR("api/openapi.json"));
	json_t *doc = json_loadb(text.p, text.n, 0, NULL), *paths, *methods;
	const char *path, *method;

	cr_assert(doc);
	paths = json_object_get(doc, "paths");
	for (const struct route *r = api_routes; r->method; r++)
		if (!page(r->path))
			cr_expect(json_object_get(json_object_get(paths, r->path), lower(r->method)),
				  "%s %s is not documented", r->method, r->path);
	json_object_foreach (paths, path, methods) {
		json_t *v;
		json_object_foreach (methods, method, v) {
			bool found = false;
			for (const struct route *r = api_routes; r->method; r++)
				found = found || (strcmp(r->path, path) == 0 && strcmp(lower(r->method), method) == 0);
			cr_expect(found, "%s %s is documented and does not exist", method, path);
		}
	}
	json_decref(doc);
}
