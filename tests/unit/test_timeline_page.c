#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "unit/timeline_rig.h"

static struct timeline_rig rig;

static void open_rig(void) { timeline_rig_open(&rig); }
static void close_rig(void) { timeline_rig_close(&rig); }

TestSuite(page, .init = open_rig, .fini = close_rig);

static json_t *page(const struct timeline_query *q, struct uuid *next)
{
	struct err e = {0};
	struct json_out j;
	struct buf b;
	json_t *v = NULL;

	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	json_arr(&j, NULL);
	cr_assert_eq(timeline_page(rig.s.db, q, &j, next, &e), 0, "%s", e.msg);
	json_end(&j);
	cr_assert_eq(json_read(buf_str(&b), 8, &v, &e), 0, "%s: %s", e.msg, buf_cstr(&b));
	buf_free(&b);
	return v;
}

static const char *text_of(json_t *page_, size_t k, const char *key)
{
	return json_string_value(json_object_get(json_array_get(page_, k), key));
}

static size_t count(struct timeline_query q)
{
	struct uuid next;
	json_t *v;
	size_t n;

	q.limit = 200;
	v = page(&q, &next);
	n = json_array_size(v);
	json_decref(v);
	return n;
}

Test(page, an_outbound_message_shows_its_deliveries)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid id = line_interaction(&rig, &who.survivor, DIRECTION_OUTBOUND, CHANNEL_SMS, LINE_NOW, NULL,
					  "hello"),
		    next;
	struct timeline_query q = {.customer = who.survivor, .limit = 10};
	json_t *v, *d;

	line_delivery(&rig, &id, 1, STATUS_FAILED);
	line_delivery(&rig, &id, 2, STATUS_DELIVERED);
	line_interaction(&rig, &who.survivor, DIRECTION_INTERNAL, CHANNEL_NONE, LINE_NOW - 1, NULL, "a note");
	line_interaction(&rig, &who.survivor, DIRECTION_INBOUND, CHANNEL_WEB, LINE_NOW - 2, NULL, "they");
	v = page(&q, &next);
	cr_expect(uuid_is_nil(&next));
	cr_assert_eq(json_array_size(v), 3);
	cr_expect_str_eq(text_of(v, 0, "status"), "delivered", "the latest attempt's");
	cr_expect_str_eq(text_of(v, 0, "text"), "hello");
	cr_expect_null(text_of(v, 1, "status"));
	cr_expect_null(text_of(v, 1, "channel"));
	cr_expect_str_eq(text_of(v, 2, "status"), "received");
	d = json_object_get(json_array_get(v, 0), "deliveries");
	cr_assert_eq(json_array_size(d), 2);
	cr_expect_str_eq(text_of(d, 1, "status"), "delivered");
	cr_expect_str_eq(strrchr(text_of(d, 1, "id"), '.'), ".2");
	d = json_array_get(d, 0);
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(d, "external_ids"), 0)), "7f\"3a");
	cr_expect_str_eq(json_string_value(json_array_get(json_object_get(d, "external_ids"), 1)), "b2");
	cr_expect_eq(json_array_size(json_object_get(d, "parts")), 2);
	d = json_object_get(d, "history");
	cr_assert_eq(json_array_size(d), 3);
	cr_expect_str_eq(text_of(d, 0, "at"), "1970-01-01T00:00:01.000Z");
	cr_expect_str_eq(text_of(d, 1, "status"), "sent");
	cr_expect_str_eq(text_of(d, 1, "cause"), "");
	cr_expect_str_eq(text_of(d, 2, "cause"), "DELIVRD err 000");
	json_decref(v);
}

Test(page, one_interaction_is_shown_as_on_the_page)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid id = line_interaction(&rig, &who.survivor, DIRECTION_OUTBOUND, CHANNEL_SMS, LINE_NOW, NULL,
					  "hello"),
		    next;
	struct timeline_query q = {.customer = who.survivor, .limit = 10};
	struct interaction i;
	struct json_out j;
	struct buf b;
	json_t *v = page(&q, &next), *one = NULL;

	cr_assert_eq(interaction_get(rig.s.db, &id, rig.arena, &i, NULL), 0);
	buf_init(&b, 1 << 16);
	json_begin(&j, &b);
	cr_assert_eq(interaction_json(rig.s.db, &j, NULL, &i, NULL), 0);
	cr_assert_eq(json_read(buf_str(&b), 8, &one, NULL), 0);
	cr_expect(json_equal(one, json_array_get(v, 0)));
	json_decref(v);
	json_decref(one);
	buf_free(&b);
}

Test(page, keyset_is_stable_under_inserts)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct timeline_query q = {.customer = who.survivor, .limit = 7};
	bool seen[50] = {false};
	int total = 0;

	for (int k = 0; k < 50; k++) {
		char t[16];
		snprintf(t, sizeof t, "%d", k);
		line_interaction(&rig, &who.survivor, DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW + k, NULL, t);
	}
	do {
		json_t *v = page(&q, &q.before);
		for (size_t k = 0; k < json_array_size(v); k++) {
			int64_t t;
			cr_assert(str_i64(str_of(text_of(v, k, "text")), &t));
			cr_expect(!seen[t], "%d twice", (int)t);
			cr_expect_eq(t, 49 - total, "newest first");
			seen[t] = true;
			total++;
		}
		json_decref(v);
		line_interaction(&rig, &who.survivor, DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW + US_HOUR + total, NULL,
				 "later");
	} while (!uuid_is_nil(&q.before));
	cr_expect_eq(total, 50);
}

Test(page, filters)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid *u = &who.survivor, c = line_conversation(&rig, u, CONVERSATION_OPEN, 1);
	const struct {
		const char *label;
		struct timeline_query q;
		size_t n;
	} cases[] = {
		{"all", {.customer = *u}, 4},
		{"channel", {.customer = *u, .channels = 1u << CHANNEL_SMS}, 2},
		{"channels", {.customer = *u, .channels = 1u << CHANNEL_SMS | 1u << CHANNEL_WEB}, 3},
		{"kind", {.customer = *u, .kinds = 1u << KIND_NOTE}, 1},
		{"direction", {.customer = *u, .directions = 1u << DIRECTION_INBOUND}, 2},
		{"since, inclusive", {.customer = *u, .since = LINE_NOW + 2 * US_SEC}, 2},
		{"until, exclusive", {.customer = *u, .until = LINE_NOW + 2 * US_SEC}, 2},
		{"between", {.customer = *u, .since = LINE_NOW + US_SEC, .until = LINE_NOW + 3 * US_SEC}, 2},
		{"conversation", {.customer = *u, .conversation = c}, 2},
		{"conversation alone", {.conversation = c}, 2},
		{"conversation and direction", {.conversation = c, .directions = 1u << DIRECTION_INBOUND}, 1},
	};

	line_interaction(&rig, u, DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW, NULL, "0");
	line_interaction(&rig, u, DIRECTION_OUTBOUND, CHANNEL_SMS, LINE_NOW + US_SEC, &c, "1");
	line_interaction(&rig, u, DIRECTION_INTERNAL, CHANNEL_NONE, LINE_NOW + 2 * US_SEC, NULL, "2");
	line_interaction(&rig, u, DIRECTION_INBOUND, CHANNEL_WEB, LINE_NOW + 3 * US_SEC, &c, "3");
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
		cr_expect_eq(count(cases[k].q), cases[k].n, "%s: %zu", cases[k].label, count(cases[k].q));
}

static void merged(struct identity *who, size_t n)
{
	for (size_t k = 1; k < n; k++) {
		struct uuid record;
		struct err e = {0};
		cr_assert_eq(identity_merge(rig.s.db, rig.s.events, &who[k - 1].survivor, &who[k].survivor, "t", "t",
					    LINE_NOW, &record, &e),
			     0, "%s", e.msg);
		for (size_t m = 0; m <= k; m++)
			who[m].survivor = who[0].survivor;
	}
}

Test(page, a_merge_set_is_one_timeline)
{
	struct identity who[3] = {line_who(&rig, SCHEME_TEL, "+49151"), line_who(&rig, SCHEME_TEL, "+49152"),
				  line_who(&rig, SCHEME_VISITOR, "v")};
	struct timeline_query q = {.limit = 8};
	char survivor[UUID_TEXT];
	int expect = 59;

	for (int k = 0; k < 60; k++) {
		char t[16];
		struct uuid id;
		snprintf(t, sizeof t, "%d", k);
		id = line_interaction(&rig, &who[k % 7 % 3].contact.customer,
				      k % 2 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW + k, NULL,
				      t);
		if (k % 2)
			line_delivery(&rig, &id, 1, STATUS_SENT);
	}
	cr_expect_eq(count((struct timeline_query){.customer = who[0].survivor}), 26);
	merged(who, 3);
	uuid_format(&who[0].survivor, survivor);
	q.customer = who[2].contact.customer; /* any member finds all */
	do {
		json_t *v = page(&q, &q.before);
		for (size_t k = 0; k < json_array_size(v); k++, expect--) {
			char t[16];
			snprintf(t, sizeof t, "%d", expect);
			cr_expect_str_eq(text_of(v, k, "text"), t);
			cr_expect_str_eq(text_of(v, k, "customer_id"), survivor);
		}
		json_decref(v);
	} while (!uuid_is_nil(&q.before));
	cr_expect_eq(expect, -1);
}

Test(page, a_shared_conversation_is_one_thread)
{
	struct identity who[2] = {line_who(&rig, SCHEME_TEL, "+49151"), line_who(&rig, SCHEME_VISITOR, "v")};
	struct uuid c = line_conversation(&rig, &who[0].contact.customer, CONVERSATION_OPEN, 1);
	struct identity stranger = line_who(&rig, SCHEME_TEL, "+49153");

	line_interaction(&rig, &who[0].contact.customer, DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW, &c, "a");
	line_interaction(&rig, &who[1].contact.customer, DIRECTION_INBOUND, CHANNEL_WEB, LINE_NOW + 1, &c, "b");
	merged(who, 2);
	cr_expect_eq(count((struct timeline_query){.conversation = c}), 2);
	cr_expect_eq(count((struct timeline_query){.conversation = c, .customer = stranger.survivor}), 0);
}

Test(page, unknown_customer)
{
	struct timeline_query q = {.customer = uuid7(1), .limit = 1};
	struct err e = {0};
	struct json_out j;
	struct uuid next;
	struct buf b;

	buf_init(&b, 100);
	json_begin(&j, &b);
	cr_expect_eq(timeline_page(rig.s.db, &q, &j, &next, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
	buf_free(&b);
}

struct own {
	int n;
	char all[64];
	enum status last;
};
static void own(void *arg, const struct interaction *i, enum status s)
{
	struct own *o = arg;

	memcpy(o->all + o->n++, i->content.p, 1);
	o->last = s;
}

Test(page, a_contact_point_sees_its_own_messages_only)
{
	struct identity who = line_who(&rig, SCHEME_VISITOR, "v"), sms = line_who(&rig, SCHEME_TEL, "+49151");
	struct address unknown = line_address(SCHEME_VISITOR, "nobody");
	struct uuid ids[6];
	struct own o = {0};
	bool more;

	for (int k = 0; k < 6; k++) {
		struct interaction i = {.customer = who.contact.customer,
					.at = LINE_NOW + k,
					.channel = CHANNEL_WEB,
					.has_contact = k != 3,
					.contact = k == 4 ? sms.contact.address : who.contact.address,
					.direction = k == 2   ? DIRECTION_INTERNAL
						     : k == 5 ? DIRECTION_OUTBOUND
							      : DIRECTION_INBOUND,
					.kind = k == 2 ? KIND_NOTE : KIND_MESSAGE,
					.content = str_n("abcdef" + k, 1)};
		cr_assert_eq(interaction_append(rig.s.db, &i, NULL), 0);
		ids[k] = i.id;
	}
	line_delivery(&rig, &ids[5], 1, STATUS_DELIVERED);
	cr_assert_eq(timeline_contact(rig.s.db, &who.contact.address, NULL, 10, own, &o, &more, NULL), 0);
	cr_expect_str_eq(o.all, "abf");
	cr_expect_eq(o.last, STATUS_DELIVERED);
	cr_expect(!more);
	o = (struct own){0};
	cr_assert_eq(timeline_contact(rig.s.db, &who.contact.address, NULL, 2, own, &o, &more, NULL), 0);
	cr_expect_str_eq(o.all, "bf", "the last ones, oldest first");
	cr_expect(more);
	o = (struct own){0};
	cr_assert_eq(timeline_contact(rig.s.db, &who.contact.address, &ids[0], 1, own, &o, &more, NULL), 0);
	cr_expect_str_eq(o.all, "b");
	cr_expect(more);
	o = (struct own){0};
	cr_assert_eq(timeline_contact(rig.s.db, &unknown, NULL, 1, own, &o, &more, NULL), 0);
	cr_expect_eq(o.n, 0);
}
