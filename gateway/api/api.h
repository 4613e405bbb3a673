/*
 * The resources of /v1, one file each; each handler is named in routes.c. They read through the request's own connection
 * and write through request_write; shapes are those of openapi.json.
 */
#pragma once
#include "api/input.h"
#include "channel/host.h"
#include "customer/consent.h"
#include "http/http.h"
#include "intake/intake.h"
#include "nodes/nodes.h"
#include "outbound/outbound.h"
#include "store/blob.h"

/* What handlers work with; owned by main, set before http_start. */
struct app {
	struct engine *engine; /* of campaigns */
	struct readers *readers;
	struct writer *writer;
	struct events *events;
	struct nodes *nodes; /* NULL: the store is ours alone */
	struct outbound *outbound;
	struct intake *intake;
	struct host *host;
	struct accounts *accounts;
	struct blobs *blobs;
	struct http *http; /* set when it has started */
	const char *region;
	const char *public_url;	   /* where the world reaches us, no slash at its end; NULL: not known */
	struct str secret;	   /* signs links */
	const char *double_opt_in; /* list of purposes, or NULL */
	struct conversation_rules rules;
};

extern const struct route api_routes[];

static inline struct app *app_of(struct request *r) { return r->app; }
int64_t now_of(struct request *r); /* wall clock */

/* An arena-owned state for a write; NULL with err when memory is out. */
void *state_new(struct request *r, size_t n, struct err *err);
/* {id} of the path. */
int path_uuid(struct request *r, int i, struct uuid *out, struct err *err);
/* {"data":[ … ],"next":…}: list_begin opens, list_end closes. next NULL: null. */
void list_begin(struct request *r);
void list_end(struct request *r, const char *next);
int answer_customer(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err);
int answer_interaction(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err);
int answer_campaign(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err);
int answer_conversation(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err);

/* A message as a request names it; strings live in the JSON tree and the arena. Field names begin with prefix. */
int read_message(struct request *r, const json_t *o, const char *prefix, struct send_request *out, struct err *err);

/* A page of templates/pages in the customer's language; takes data. */
int answer_page(struct request *r, const char *page, json_t *data, struct str locale, struct err *err);

int read_timeline(struct request *r, struct timeline_query *q, struct err *err);
int answer_timeline(struct request *r, struct db *db, const struct timeline_query *q, struct err *err);

int read_attachments(struct request *r, const json_t *o, const char *prefix, struct send_request *out, struct err *err);

http_handler campaign_learning_, campaign_learning_put;
http_handler message_post, message_batch, message_get, message_cancel, message_deliveries, delivery_list, delivery_get;
http_handler customer_list, customer_post, customer_one, customer_patch_, customer_timeline;
http_handler contact_points, contact_point_post, contact_point_patch, contact_point_delete;
http_handler merge_post, unmerge_post, merge_list, suggestion_list, suggestion_accept, suggestion_reject;
http_handler never_merge_list, never_merge_post, never_merge_delete;
http_handler consent_list, consent_put, confirm_page, confirm_save;
http_handler suppression_list, suppression_post, suppression_one, suppression_delete;
http_handler link_follow, link_pixel, message_links;
http_handler preferences_page, preferences_save, preference_link;
http_handler hold_list, hold_post, hold_delete, policy_explain;
http_handler interaction_post, interaction_one, search_get;
http_handler conversation_list_, conversation_one, conversation_patch_, conversation_interactions, conversation_reply,
	conversation_typing;
http_handler template_list_, template_one, template_put, template_delete, template_publish_, template_preview;
http_handler template_lint_, template_usage, translation_list, translation_one, translation_put;
http_handler offer_list_, offer_post, offer_one, offer_patch_, offer_delete, offer_figures;
http_handler offer_present, offer_open, offer_click, offer_accept, offer_decline, customer_offers;
http_handler segment_list_, segment_one, segment_post, segment_patch, segment_delete_, segment_preview, segment_count_,
	segment_customers, customer_segments;
http_handler campaign_list_, campaign_post, campaign_one, campaign_patch, campaign_delete_, campaign_figures,
	campaign_customers;
http_handler campaign_start_, campaign_pause_, campaign_resume_, campaign_cancel_, campaign_test, campaign_dry_run,
	campaign_stream;
http_handler import_list_, import_post, import_one, import_data, import_cancel_, import_rejects_;
http_handler stream_follow, attachment_post, attachment_get;
http_handler health_live, health_ready, metrics_get, openapi_get;
http_handler key_list_, key_post, key_delete, session_post, session_delete, me_get;
http_handler console_get, console_root, widget_get;
