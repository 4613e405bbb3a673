/*
 * Every route, who may use it, and what answers. Least privilege: marketing sends and looks at what it sent; agents work
 * with customers and conversations; programs bring in data and follow events; only administrators make keys.
 */
#include "api/api.h"

#define CARE (R_AGENT | R_ADMIN)
#define DATA (R_AGENT | R_INTEGRATION | R_ADMIN)
#define WRITE ROUTE_IDEMPOTENT

enum { BATCH_BODY = 8 << 20, FILE_BODY = 16 << 20 };

const struct route api_routes[] = {
	{"POST", "/v1/messages", R_ALL, WRITE | ROUTE_ALONE, 0, message_post},
	{"GET", "/v1/customers/{id}/timeline", R_AGENT | R_INTEGRATION | R_ADMIN, 0, 0, customer_timeline},
	{"POST", "/v1/messages/batch", R_ALL, WRITE | ROUTE_ALONE, BATCH_BODY, message_batch},
	{"GET", "/v1/messages/{id}", R_ALL, 0, 0, message_get},
	{"DELETE", "/v1/messages/{id}", R_ALL, 0, 0, message_cancel},
	{"POST", "/v1/messages/{id}/cancel", R_ALL, WRITE, 0, message_cancel},
	{"GET", "/v1/messages/{id}/deliveries", R_ALL, 0, 0, message_deliveries},
	{"GET", "/v1/deliveries", R_ALL, 0, 0, delivery_list},
	{"GET", "/v1/deliveries/{id}", R_ALL, 0, 0, delivery_get},
	{"GET", "/v1/customers", R_ALL, 0, 0, customer_list},
	{"POST", "/v1/customers", DATA, WRITE, 0, customer_post},
	{"GET", "/v1/customers/{id}", R_ALL, 0, 0, customer_one},
	{"PATCH", "/v1/customers/{id}", DATA, 0, 0, customer_patch_},
	{"GET", "/v1/customers/{id}/contact_points", R_ALL, 0, 0, contact_points},
	{"POST", "/v1/customers/{id}/contact_points", DATA, WRITE, 0, contact_point_post},
	{"PATCH", "/v1/contact_points/{id}", DATA, 0, 0, contact_point_patch},
	{"DELETE", "/v1/contact_points/{id}", DATA, 0, 0, contact_point_delete},
	{"POST", "/v1/customers/{id}/merge", CARE, WRITE, 0, merge_post},
	{"POST", "/v1/customers/{id}/unmerge", CARE, WRITE, 0, unmerge_post},
	{"GET", "/v1/customers/{id}/merges", CARE, 0, 0, merge_list},
	{"GET", "/v1/merge_suggestions", CARE, 0, 0, suggestion_list},
	{"POST", "/v1/merge_suggestions/{id}/accept", CARE, WRITE, 0, suggestion_accept},
	{"POST", "/v1/merge_suggestions/{id}/reject", CARE, WRITE, 0, suggestion_reject},
	{"GET", "/v1/never_merge", CARE, 0, 0, never_merge_list},
	{"POST", "/v1/never_merge", R_ADMIN, WRITE, 0, never_merge_post},
	{"DELETE", "/v1/never_merge", R_ADMIN, 0, 0, never_merge_delete},
	{"GET", "/v1/customers/{id}/consents", R_ALL, 0, 0, consent_list},
	{"PUT", "/v1/consents", R_ALL, 0, 0, consent_put},
	{"POST", "/v1/customers/{id}/interactions", DATA, WRITE, 0, interaction_post},
	{"GET", "/v1/interactions/{id}", DATA, 0, 0, interaction_one},
	{"GET", "/v1/search", CARE, 0, 0, search_get},
	{"GET", "/v1/conversations", CARE, 0, 0, conversation_list_},
	{"GET", "/v1/conversations/{id}", CARE, 0, 0, conversation_one},
	{"PATCH", "/v1/conversations/{id}", CARE, 0, 0, conversation_patch_},
	{"GET", "/v1/conversations/{id}/interactions", CARE, 0, 0, conversation_interactions},
	{"POST", "/v1/conversations/{id}/reply", CARE, WRITE, 0, conversation_reply},
	{"POST", "/v1/conversations/{id}/typing", CARE, 0, 0, conversation_typing},
	{"GET", "/v1/stream", DATA, ROUTE_TOKEN_IN_QUERY, 0, stream_get},
	{"POST", "/v1/attachments", DATA, 0, FILE_BODY, attachment_post},
	{"GET", "/v1/attachments/{sha256}", DATA, 0, 0, attachment_get},
	{"GET", "/v1/templates", R_ALL, 0, 0, template_list_},
	{"GET", "/v1/templates/{name}", R_ALL, 0, 0, template_one},
	{"PUT", "/v1/templates/{name}", R_MARKETING | R_ADMIN, 0, 0, template_put},
	{"DELETE", "/v1/templates/{name}", R_MARKETING | R_ADMIN, 0, 0, template_delete},
	{"POST", "/v1/templates/{name}/publish", R_MARKETING | R_ADMIN, WRITE, 0, template_publish_},
	{"POST", "/v1/templates/{name}/preview", R_ALL, 0, 0, template_preview},
	{"GET", "/v1/keys", R_ADMIN, 0, 0, key_list_},
	{"POST", "/v1/keys", R_ADMIN, 0, 0, key_post},
	{"DELETE", "/v1/keys/{id}", R_ADMIN, 0, 0, key_delete},
	{"GET", "/v1/me", R_ALL, 0, 0, me_get},
	{"POST", "/v1/session", R_PUBLIC, 0, 0, session_post},
	{"DELETE", "/v1/session", R_PUBLIC, 0, 0, session_delete},
	{"GET", "/health/live", R_PUBLIC, 0, 0, health_live},
	{"GET", "/health/ready", R_PUBLIC, 0, 0, health_ready},
	{"GET", "/metrics", R_PUBLIC, 0, 0, metrics_get},
	{"GET", "/openapi.json", R_PUBLIC, 0, 0, openapi_get},
	{"GET", "/", R_PUBLIC, 0, 0, console_root},
	{"GET", "/console", R_PUBLIC, 0, 0, console_root},
	{"GET", "/console/*", R_PUBLIC, 0, 0, console_get},
	{"GET", "/widget.js", R_PUBLIC, 0, 0, widget_get},
	{0}};
