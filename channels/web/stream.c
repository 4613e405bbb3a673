/*
 * What the visitor is told, as server-sent events: "message", "echo" (its own, on its other pages), "typing", "read".
 *
 * A page says which entry it has last. It gets what came after that, and then what comes. Entries that were committed
 * while an older one was still on its way to us would be skipped by that rule, so the past begins a little earlier than
 * asked (OVERLAP); pages know entries by id and show each once.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "web/private.h"

#define OVERLAP (60 * US_SEC)
enum { CATCH_UP = 200 };

void web_entry_json(struct account *a, struct json_out *j, const struct uuid *visitor, const struct history_entry *h)
{
	char sign[FILE_SIGN + 1], id[UUID_TEXT];

	json_obj(j, NULL);
	json_uuid(j, "id", &h->id);
	json_cstr(j, "direction", direction_word(h->direction));
	json_cstr(j, "status", status_word(h->status));
	json_time(j, "at", h->at);
	json_str(j, "author", h->author);
	json_str(j, "text", h->text);
	json_arr(j, "attachments");
	for (size_t i = 0; i < h->attachments_n; i++) {
		const struct attachment *f = &h->attachments[i];
		struct buf url;

		token_sign_file(a->host->secret, visitor, str_of(f->sha256), sign);
		buf_init(&url, 1024);
		buf_addf(&url, "/web/%s/file/%s?visitor=%s&sign=%s", a->host->name, f->sha256, uuid_format(visitor, id),
			 sign);
		json_obj(j, NULL);
		json_str(j, "name", f->name);
		json_str(j, "type", f->type);
		json_int(j, "size", f->size);
		json_str(j, "url", buf_str(&url));
		json_end(j);
		buf_free(&url);
	}
	json_end(j);
	json_end(j);
}

static int send_event(struct account *a, struct page *p, const char *event, const struct uuid *id, struct str json)
{
	char t[UUID_TEXT];
	struct buf b;
	int r;

	buf_init(&b, 1 << 20);
	if (id && !uuid_is_nil(id))
		buf_addf(&b, "id: %s\n", uuid_format(id, t));
	buf_addf(&b, "event: %s\ndata: ", event);
	buf_addstr(&b, json);
	buf_adds(&b, "\n\n");
	r = b.failed ? -1 : a->host->stream_send(a->host->self, p->e, buf_str(&b));
	buf_free(&b);
	return r;
}

int web_tell(struct account *a, const struct uuid *visitor, const char *event, const struct uuid *id, struct str json)
{
	struct visitor *x = visitors_find(&a->visitors, visitor);
	int n = 0;

	for (struct page *p = x ? x->pages : NULL, *next; p; p = next) {
		next = p->next;
		if (p->catching_up && id) {
			p->again = true;
			n++;
		} else if (send_event(a, p, event, id, json) == 0) {
			n++;
		}
	}
	return n;
}

/* The page may go while its past is read: the visitor and exchange are named by value, and looked up again. */
struct catching {
	struct account *a;
	struct exchange *e;
	struct uuid visitor;
};

static void catch_up(struct catching *c, const struct uuid *after);

static struct page *still_here(struct catching *c)
{
	struct visitor *x = visitors_find(&c->a->visitors, &c->visitor);
	struct page *p = x ? x->pages : NULL;

	while (p && p->e != c->e)
		p = p->next;
	return p;
}

static void on_past(void *arg, const struct history_entry *v, size_t n, bool more, const char *error)
{
	struct catching *c = arg;
	struct account *a = c->a;
	struct page *p = still_here(c);
	struct uuid last = {{0}};

	for (size_t i = 0; p && i < n; i++) {
		struct json_out j;
		struct buf b;

		buf_init(&b, 1 << 20);
		json_begin(&j, &b);
		web_entry_json(a, &j, &c->visitor, &v[i]);
		if (!b.failed)
			send_event(a, p, "message", &v[i].id, buf_str(&b));
		buf_free(&b);
		last = v[i].id;
		p = still_here(c); /* a page too slow to take it has gone */
	}
	if (p && !error && (more || p->again)) {
		p->again = false;
		if (n)
			p->after = more ? last : uuid7_floor(uuid_time(&last) - OVERLAP);
		catch_up(c, &p->after);
		return;
	}
	if (p && error)
		a->host->stream_end(a->host->self, p->e); /* the page comes back by itself */
	else if (p)
		p->catching_up = false;
	free(c);
	pending_done(a);
}

static void catch_up(struct catching *c, const struct uuid *after)
{
	struct address who;

	visitor_address(&c->visitor, &who);
	c->a->host->history(c->a->host->self, &who, uuid_is_nil(after) ? NULL : after, CATCH_UP, on_past, c);
}

static void began(struct account *a, struct page *p, struct str last)
{
	struct catching *c = calloc(1, sizeof *c);
	struct address who;
	struct uuid id;

	visitor_address(&p->visitor->id, &who);
	if (!p->visitor->pages->next) /* the first page of this visitor */
		a->host->signal(a->host->self, &who, SIGNAL_ONLINE, NULL);
	if (!c) {
		a->host->stream_end(a->host->self, p->e);
		return;
	}
	*c = (struct catching){.a = a, .e = p->e, .visitor = p->visitor->id};
	if (uuid_parse(last, &id))
		p->after = uuid7_floor(uuid_time(&id) - OVERLAP);
	p->catching_up = true;
	pending_add(a);
	catch_up(c, &p->after);
}

void web_stream(struct account *a, const struct channel_request *r)
{
	struct str last = r->last_event_id;
	struct uuid visitor;
	struct page *p;
	struct asker k;

	if (!ask_begin(&k, a, r) || !ask_visitor(&k, r, &visitor))
		return;
	p = visitors_join(&a->visitors, &visitor, r->exchange);
	if (!p) {
		ask_problem(&k, 429, "too_many_pages", "this visitor has too many pages open", 10);
		return;
	}
	if (!last.n)
		last = r->query(r, "after");
	a->host->gauge(a->host->self, "web_pages", NULL, (int64_t)a->visitors.pages_n);
	ask_stream(&k);
	a->host->stream_send(a->host->self, r->exchange, STR(": welcome\nretry: 1000\n\n"));
	p = visitors_page(&a->visitors, r->exchange);
	if (p)
		began(a, p, last);
}

void web_stream_gone(struct account *a, struct exchange *e)
{
	struct page *p = visitors_page(&a->visitors, e);

	if (p)
		visitors_leave(&a->visitors, p, loop_now(a->host->loop));
	a->host->gauge(a->host->self, "web_pages", NULL, (int64_t)a->visitors.pages_n);
	if (a->stopping && a->pending == 0 && a->visitors.pages_n == 0 && !a->closed) {
		a->closed = true;
		a->host->state(a->host->self, ACCOUNT_CLOSED, "stopped");
	}
}
