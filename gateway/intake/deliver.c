/*
 * From a whole inbound to the timeline: whose it is, what it claims and proves, whether it is a keyword, which conversation
 * it joins; then the row and the events.
 */
#include <stdio.h>

#include "customer/confirmation.h"
#include "customer/suppression.h"
#include "intake/stages.h"

struct str metadata_add(struct arena *a, struct str metadata, const char *member)
{
	struct str m = str_trim(metadata);
	char *out;

	/* Only an object has room for a member; an adapter gives nothing else. */
	if (m.n < 2 || m.p[0] != '{' || m.p[m.n - 1] != '}')
		m = STR("{}");
	m = str_trim(str_n(m.p + 1, m.n - 2));
	out = arena_printf(a, "{%.*s%s%s}", (int)m.n, m.p, m.n ? "," : "", member);
	return out ? str_of(out) : (struct str){0};
}

/* ---- who */

/* What a customer's own claim meets in the books is no reason to lose what it said. */
static int tolerate(struct pass *p, int r)
{
	if (r && p->err->kind != ERR_UNAVAILABLE && p->err->kind != ERR_INTERNAL) {
		*p->err = (struct err){0};
		return 0;
	}
	return r;
}

/* Who the channel has proven the sender to be. Only now does the anonymous history of this contact point join theirs. */
static int prove(struct pass *p, const struct inbound *in)
{
	struct customer c = {.external_id = in->proven_external_id, .name = in->display_name};
	struct uuid customer;
	char by[40];
	bool merged;
	int r;

	if (in->proven_external_id.n == 0)
		return 0;
	snprintf(by, sizeof by, "%.*s", in->proven_by.n ? (int)(in->proven_by.n < 39 ? in->proven_by.n : 39) : 7,
		 in->proven_by.n ? in->proven_by.p : "channel");
	r = customer_by_external_id(p->db, in->proven_external_id, &customer, p->err);
	if (r && p->err->kind == ERR_NOT_FOUND) {
		*p->err = (struct err){0};
		r = customer_create(p->db, p->k->events, &c, p->now, &customer, p->err);
	}
	if (r)
		return tolerate(p, r);
	return tolerate(p, identity_claim(p->db, p->k->events, &customer, &in->from, by, p->now, &merged, p->err));
}

/* A name that somebody gives themselves stands until a better one is known. */
static int name_if_nameless(struct pass *p, const struct inbound *in, const struct identity *who)
{
	struct customer_patch patch = {.set_name = true, .v.name = in->display_name};
	struct customer c;

	if (in->display_name.n == 0 || in->display_name.n > 200 || !str_utf8_ok(in->display_name) || who->created)
		return 0;
	if (customer_get(p->db, &who->survivor, p->arena, &c, p->err))
		return -1;
	if (c.name.n)
		return 0;
	return tolerate(p, customer_update(p->db, p->k->events, &who->survivor, &patch, p->now, p->err));
}

static int claim(struct pass *p, const struct inbound *in, struct identity *who)
{
	bool merged, any = false;

	for (size_t i = 0; i < in->claimed_n; i++) {
		if (tolerate(p, identity_claim(p->db, p->k->events, &who->survivor, &in->claimed[i], NULL, p->now,
					       &merged, p->err)))
			return -1;
		any = any || merged;
	}
	return any ? identity_survivor(p->db, &who->contact.customer, &who->survivor, p->err) : 0;
}

static int identify(struct pass *p, struct inbound *in, struct identity *who)
{
	if (prove(p, in))
		return -1;
	/* What is proven holds from now on: a browser taken over now must not lead to its former user. */
	if (in->proven_external_id.n && in->at < p->now)
		in->at = p->now;
	if (identity_resolve(p->db, p->k->events, &in->from, in->display_name, in->at, p->now, who, p->err))
		return -1;
	if (in->claimed_n == 0 && in->proven_external_id.n == 0 && in->text.n + in->attachments_n > 0)
		return 0;
	return claim(p, in, who) || name_if_nameless(p, in, who) ? -1 : 0;
}

/* ---- keywords */

/* Chats and mails: what is written there is meant for people, so only STOP counts, and START of who has said STOP. It ends
 * offers and surveys; service goes on where the customer writes to us. */
static bool is_written(const struct inbound *in) { return in->channel == CHANNEL_WEB || in->channel == CHANNEL_EMAIL; }

/* Files that came with it. A mail's own original, which is the first, is none. */
static size_t files_of(const struct inbound *in)
{
	bool original =
		in->channel == CHANNEL_EMAIL && in->attachments_n && str_is(in->attachments[0].name, "original.eml");

	return in->attachments_n - original;
}

static bool has_keywords(const struct pass *p, const struct inbound *in)
{
	return in->kind == KIND_MESSAGE && !p->partial && !in->automatic && files_of(in) == 0 &&
	       (is_written(in) || in->from.scheme == SCHEME_TEL || in->from.scheme == SCHEME_SHORT);
}

/* All of it that says something: of a mail the subject, if there is nothing else. */
static struct str words_of(const struct inbound *in)
{
	return in->channel == CHANNEL_EMAIL && str_trim(in->text).n == 0 ? in->subject : in->text;
}

/* For every purpose that the word is about; *changed if any was otherwise before. */
static int consent(struct pass *p, const struct inbound *in, const struct identity *who, const struct uuid *interaction,
		   enum consent_state state, bool *changed)
{
	char id[UUID_TEXT], proof[80];
	bool one;

	*changed = false;
	snprintf(proof, sizeof proof, "{\"interaction\":\"%s\"}", uuid_format(interaction, id));
	for (int purpose = is_written(in) ? PURPOSE_MARKETING : PURPOSE_SERVICE; purpose <= PURPOSE_SURVEY; purpose++) {
		if (consent_set(p->db, p->k->events, &in->from, &who->survivor, (enum purpose)purpose, state, "keyword",
				str_of(proof), p->now, &one, p->err))
			return -1;
		*changed = *changed || one;
	}
	return 0;
}

/* Nobody has said anything: the address is dead, which the list remembers. */
static int suppress(struct pass *p, const struct inbound *in)
{
	struct suppression s = {.address = in->from,
				.purpose = SUPPRESSION_ALL,
				.reason = str_of(in->consent.source),
				.source = STR("channel"),
				.proof = in->metadata};
	bool added;

	return suppression_add(p->db, p->k->events, &s, p->now, &added, p->err);
}

/* What a link or a complaint asks for; what a bounce says. */
static int wish(struct pass *p, const struct inbound *in, const struct identity *who)
{
	bool changed;

	if (in->consent.purposes && in->consent.source && strcmp(in->consent.source, "hard_bounce") == 0)
		return suppress(p, in);
	for (int purpose = PURPOSE_SERVICE; purpose <= PURPOSE_SURVEY; purpose++)
		if (in->consent.purposes >> purpose & 1 &&
		    consent_set(p->db, p->k->events, &in->from, &who->survivor, (enum purpose)purpose,
				in->consent.state, in->consent.source ? in->consent.source : "channel", in->metadata,
				p->now, &changed, p->err))
			return -1;
	return 0;
}

static int has_stopped(struct pass *p, const struct inbound *in, bool *out)
{
	struct consent c;

	*out = false;
	for (int purpose = PURPOSE_SERVICE; purpose <= PURPOSE_SURVEY; purpose++) {
		if (consent_get(p->db, &in->from, (enum purpose)purpose, &c, p->err))
			return -1;
		*out = *out || c.state == CONSENT_OUT;
	}
	return 0;
}

/* A weak word is a keyword only for somebody who has said STOP. 1: it is one. */
static int find_keyword(struct pass *p, const struct inbound *in, struct keyword_hit *hit)
{
	bool stopped, written = is_written(in);

	if (!has_keywords(p, in) || !keyword_match(p->k->keywords, words_of(in), hit))
		return 0;
	if (written && (hit->word == KEYWORD_HELP || hit->weak))
		return 0;
	if (!hit->weak && !(written && hit->word == KEYWORD_START))
		return 1;
	return has_stopped(p, in, &stopped) ? -1 : stopped;
}

/* YES, START: to what was asked about an opt-in. 1: it was, and is one now. */
static int confirms(struct pass *p, const struct inbound *in, const struct identity *who,
		    const struct uuid *interaction)
{
	struct keyword_hit hit;
	int n;

	if (!has_keywords(p, in) || in->doubtful || !keyword_match(p->k->keywords, words_of(in), &hit) ||
	    hit.word != KEYWORD_START)
		return 0;
	n = confirmation_reply(p->db, p->k->events, &in->from, &who->survivor, interaction, p->arena, p->now, p->err);
	return n < 0 ? -1 : n > 0;
}

static const char *keyword_word(enum keyword k)
{
	return k == KEYWORD_NONE ? "confirm" : k == KEYWORD_STOP ? "stop" : k == KEYWORD_START ? "start" : "help";
}

static int obey(struct pass *p, const struct inbound *in, const struct identity *who, const struct interaction *i,
		const struct keyword_hit *hit)
{
	struct intake_config *c = &p->k->c;
	const char *text = is_written(in) ? hit->answer_written : hit->answer;
	bool answer = true;

	if (hit->word != KEYWORD_HELP &&
	    consent(p, in, who, &i->id, hit->word == KEYWORD_STOP ? CONSENT_OUT : CONSENT_IN, &answer))
		return -1;
	if (!answer || !c->confirm || !text || !text[0] || in->channel == CHANNEL_IVR)
		return 0;
	p->confirmed = true;
	return tolerate(p,
			c->confirm(c->confirm_arg, p->db, who, in->channel, in->account, str_of(text), p->now, p->err));
}

/* ---- timeline */

static struct str attachments_json(struct pass *p, const struct inbound *in)
{
	struct json_out j;
	struct str out = {0};
	struct buf b;

	if (in->attachments_n == 0)
		return STR("");
	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	json_arr(&j, NULL);
	for (size_t k = 0; k < in->attachments_n; k++) {
		json_obj(&j, NULL);
		json_cstr(&j, "sha256", in->attachments[k].sha256);
		json_str(&j, "name", in->attachments[k].name);
		json_str(&j, "type", in->attachments[k].type);
		json_int(&j, "size", in->attachments[k].size);
		json_end(&j);
	}
	json_end(&j);
	if (!b.failed)
		out = arena_str(p->arena, buf_str(&b));
	buf_free(&b);
	return out;
}

static int tell(struct pass *p, const struct inbound *in, const struct identity *who, const struct interaction *i,
		const char *keyword)
{
	struct event ev = {.at = p->now,
			   .type = in->kind == KIND_MESSAGE	? "message.received"
				   : in->stage == INBOUND_BEGUN ? "interaction.begun"
								: "interaction.added",
			   .customer = who->survivor,
			   .conversation = i->conversation,
			   .interaction = i->id,
			   .channel = i->channel};
	char room[1024];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	struct json_out j;

	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_str(&j, "account", in->account);
	json_cstr(&j, "address", in->from.value);
	if (in->kind != KIND_MESSAGE)
		json_cstr(&j, "kind", kind_word(in->kind));
	if (keyword)
		json_cstr(&j, "keyword", keyword);
	if (in->automatic)
		json_bool(&j, "automatic", true);
	json_end(&j);
	if (!b.failed)
		ev.data = buf_str(&b);
	return event_append(p->k->events, p->db, &ev, p->err);
}

/* Keywords are answered by the gateway: they are on the timeline, and open no conversation for anybody to work on. */
static int obeyed(struct pass *p, struct interaction *i, const char *member, const char *reason)
{
	i->metadata = member ? metadata_add(p->arena, i->metadata, member) : (struct str){0};
	i->thread_reason = str_of(reason);
	return i->metadata.p ? 0 : err_nomem(p->err);
}

/* An answer to what the gateway has asked is no matter of conversations either. 1: it is one. */
static int answers_us(struct pass *p, const struct inbound *in, const struct identity *who, struct interaction *i)
{
	const struct intake_config *c = &p->k->c;
	struct answered_by_us a = {0};
	int r;

	if (!c->answer || p->partial || in->doubtful || files_of(in))
		return 0;
	r = c->answer(c->answer_arg, p->db, who, i, p->arena, p->now, &a, p->err);
	if (r != 1)
		return r;
	p->confirmed = true;
	return obeyed(p, i, a.member.p, a.reason) ? -1 : 1;
}

static int thread(struct pass *p, const struct inbound *in, const struct identity *who, struct interaction *i,
		  const struct keyword_hit *hit)
{
	struct carried carried = {.by = in->reply_by, .automatic = in->automatic, .quiet = in->quiet};
	int r;

	if (hit && obeyed(p, i, arena_printf(p->arena, "\"keyword\":\"%s\"", keyword_word(hit->word)),
			  "a keyword, answered by the gateway"))
		return -1;
	if (hit && !is_written(in))
		return 0;
	carried.quiet = carried.quiet || hit; /* who is talking with the customer sees it too */
	r = in->automatic || in->kind != KIND_MESSAGE || hit ? 0 : answers_us(p, in, who, i);
	if (r)
		return r < 0 ? -1 : 0;
	if (in->reply_token.n)
		uuid_parse(in->reply_token, &carried.answers);
	return conversation_thread_inbound(p->db, p->k->events, &p->k->c.rules, who, &carried, i, p->arena, p->now,
					   p->err);
}

/* Whoever has the conversation already keeps it. */
static int assign(struct pass *p, const struct inbound *in, const struct interaction *i)
{
	struct conversation_patch patch = {.set_assignee = true};
	struct conversation c;

	if (!in->queue.n || uuid_is_nil(&i->conversation))
		return 0;
	if (conversation_get(p->db, &i->conversation, p->arena, &c, p->err))
		return -1;
	if (c.assignee.n)
		return 0;
	patch.assignee = str_of(arena_printf(p->arena, "queue:%.*s", (int)in->queue.n, in->queue.p));
	if (!patch.assignee.n)
		return err_nomem(p->err);
	return conversation_update(p->db, p->k->events, &i->conversation, &patch, "system:queue", p->now, p->err);
}

int deliver(struct pass *p, struct inbound *in, struct uuid *id)
{
	struct interaction i = {.channel = in->channel,
				.direction = DIRECTION_INBOUND,
				.kind = in->kind,
				.account = in->account,
				.author = STR("customer"),
				.subject = in->subject,
				.content = in->text,
				.metadata = in->metadata};
	struct keyword_hit hit;
	struct identity who;
	int word;

	*id = (struct uuid){{0}};
	if (identify(p, in, &who) || wish(p, in, &who))
		return -1;
	if (in->text.n == 0 && in->attachments_n == 0)
		return 0;
	i.attachments = attachments_json(p, in);
	if (!i.attachments.p)
		return err_nomem(p->err);
	i.customer = who.contact.customer;
	i.at = in->at;
	i.id = uuid7_in(i.at, (uint8_t)bucket_of(&i.customer));
	i.has_contact = true;
	i.contact = in->from;
	word = confirms(p, in, &who, &i.id);
	if (word < 0)
		return -1;
	if (word)
		hit = (struct keyword_hit){.word = KEYWORD_NONE};
	else
		word = find_keyword(p, in, &hit);
	if (word < 0 || thread(p, in, &who, &i, word ? &hit : NULL) || assign(p, in, &i) ||
	    interaction_append(p->db, &i, p->err) || seen_remember(p, in, &i.id) ||
	    tell(p, in, &who, &i, word ? keyword_word(hit.word) : NULL) ||
	    contact_touch(p->db, &who.contact, DIRECTION_INBOUND, p->now, p->err) ||
	    (in->stage == INBOUND_BEGUN && ongoing_begin(p, &i.id)))
		return -1;
	*id = i.id;
	return word && hit.word != KEYWORD_NONE ? obey(p, in, &who, &i, &hit) : 0;
}

int deliver_more(struct pass *p, struct inbound *in, const struct uuid *id)
{
	bool over = in->stage == INBOUND_ENDED;
	struct interaction i;
	struct identity who;
	int r = ongoing_is(p, id);

	if (r != 1)
		return r;
	if (interaction_get(p->db, id, p->arena, &i, p->err) || identify(p, in, &who))
		return -1;
	i.subject = in->subject;
	i.content = in->text;
	i.metadata = in->metadata;
	i.attachments = attachments_json(p, in);
	if (!i.attachments.p)
		return err_nomem(p->err);
	if (over && !in->quiet && uuid_is_nil(&i.conversation) && thread(p, in, &who, &i, NULL))
		return -1;
	if (interaction_complete(p->db, &i, p->err))
		return -1;
	if (over && (assign(p, in, &i) || ongoing_end(p, id) || tell(p, in, &who, &i, NULL)))
		return -1;
	return 1;
}
