#include "email/imap_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "email/imap_reply.h"

enum { GROUP = 16, HELD_MAX = 32 << 20, LIST = 512, OUT_MAX = 64 << 10, PROBLEM = 256 };

enum phase { CAPABILITY, SELECT, SEARCH, NEXT, FETCH, SETTLE, STORE, MOVE, COPY, DELETE, EXPUNGE, MARK, LOGOUT, OVER };

enum fate { WAITS, TAKEN, LEFT, LATER };

struct one {
	uint32_t uid;
	enum fate fate;
	size_t size;
};

struct imap_session {
	const struct imap_rules *rules;
	struct imap_reply *reply;
	enum phase phase;
	unsigned tag;
	bool can_move, can_expunge;
	bool inside; /* a call of ours is under way: it goes on by itself */
	bool ending, more, fetched;
	/* the mailbox */
	uint32_t validity, next_uid, done; /* done: up to this UID within this visit */
	bool first;			   /* the first visit, or another mailbox than the one that was known */
	bool filtered;			   /* not all that lies there counts */
	uint32_t list[LIST];
	size_t list_n, list_at;
	/* the group */
	struct one group[GROUP];
	size_t group_n, waiting, held;
	imap_mark marked;
	struct buf out;
	size_t written;
	char problem[PROBLEM];
};

struct imap_session *imap_session_new(const struct imap_rules *rules)
{
	struct imap_session *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->rules = rules;
	s->reply = imap_reply_new(rules->size + 1);
	if (!s->reply) {
		free(s);
		return NULL;
	}
	buf_init(&s->out, OUT_MAX);
	s->marked = rules->mark;
	s->tag = 1;
	buf_adds(&s->out, "T1 CAPABILITY\r\n");
	return s;
}

void imap_session_free(struct imap_session **sp)
{
	struct imap_session *s = *sp;

	if (!s)
		return;
	imap_reply_free(&s->reply);
	buf_free(&s->out);
	free(s);
	*sp = NULL;
}

static void fail(struct imap_session *s, const char *what, struct str text)
{
	int n = (int)(text.n < 160 ? text.n : 160);

	if (s->phase == OVER)
		return;
	snprintf(s->problem, sizeof s->problem, "%s%s%.*s", what, n ? ": " : "", n, text.p);
	for (char *c = s->problem; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	s->phase = OVER;
}

/* ---- what we say ---- */

static void begin(struct imap_session *s, enum phase phase)
{
	s->phase = phase;
	if (s->written == s->out.n) {
		buf_reset(&s->out);
		s->written = 0;
	}
	buf_addf(&s->out, "T%u ", ++s->tag);
}

static void end(struct imap_session *s)
{
	buf_adds(&s->out, "\r\n");
	if (s->out.failed)
		fail(s, "out of memory", STR(""));
}

static void say_quoted(struct imap_session *s, const char *text)
{
	buf_addc(&s->out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(&s->out, '\\');
		if ((unsigned char)*text >= ' ')
			buf_addc(&s->out, *text);
	}
	buf_addc(&s->out, '"');
}

/* A mailbox that was made anew has new UIDs for old mails: those of late are offered once more (the gateway knows what it
 * has had), and what is older only if nobody has read it. */
static void search(struct imap_session *s)
{
	begin(s, SEARCH);
	s->list_n = s->list_at = 0;
	s->more = false;
	buf_addf(&s->out, "UID SEARCH UID %" PRIu32 ":*", s->done < UINT32_MAX ? s->done + 1 : s->done);
	if (s->filtered && s->rules->mark)
		buf_addf(&s->out, " OR UNSEEN SINCE %s", s->rules->since);
	else if (s->filtered)
		buf_adds(&s->out, " UNSEEN");
	end(s);
}

static void say_taken(struct imap_session *s)
{
	bool any = false;

	for (size_t k = 0; k < s->group_n; k++)
		if (s->group[k].fate == TAKEN) {
			buf_addf(&s->out, any ? ",%" PRIu32 : "%" PRIu32, s->group[k].uid);
			any = true;
		}
}

static void act(struct imap_session *s, enum phase what)
{
	begin(s, what);
	buf_adds(&s->out, what == MOVE	    ? "UID MOVE "
			  : what == COPY    ? "UID COPY "
			  : what == EXPUNGE ? "UID EXPUNGE "
					    : "UID STORE ");
	say_taken(s);
	if (what == MOVE || what == COPY) {
		buf_addc(&s->out, ' ');
		say_quoted(s, s->rules->move_to);
	} else if (what != EXPUNGE) {
		buf_adds(&s->out, what == STORE ? " +FLAGS.SILENT (\\Seen)" : " +FLAGS.SILENT (\\Deleted)");
	}
	end(s);
}

/* ---- where it stands ---- */

/* Up to which UID everything is settled. A search that left mails out on purpose moves the mark only when all it found is
 * settled, so that those do not come in after all, being above the mark. */
static imap_mark reached(struct imap_session *s)
{
	bool all = s->list_at == s->list_n && !s->more && !s->ending;
	uint32_t uid = s->done;

	if (s->filtered && !all)
		return s->marked;
	if (s->first && all && s->next_uid && s->next_uid - 1 > uid)
		uid = s->next_uid - 1;
	return uid || s->next_uid ? (imap_mark)s->validity << 32 | uid : s->marked;
}

static void settle_group(struct imap_session *s)
{
	for (size_t k = 0; k < s->group_n && s->group[k].fate != LATER; k++)
		s->done = s->group[k].uid;
	s->group_n = s->held = 0;
}

static void put_mark(struct imap_session *s)
{
	imap_mark m;

	settle_group(s);
	m = reached(s);
	if (m == s->marked) {
		s->phase = NEXT;
		return;
	}
	s->phase = MARK;
	s->marked = m;
	s->rules->moved(s->rules->arg, m);
}

static void settle(struct imap_session *s)
{
	bool taken = false;

	for (size_t k = 0; k < s->group_n; k++) {
		taken = taken || s->group[k].fate == TAKEN;
		s->ending = s->ending || s->group[k].fate == LATER;
	}
	if (!taken)
		put_mark(s);
	else if (!s->rules->move_to || !s->rules->move_to[0])
		act(s, STORE);
	else
		act(s, s->can_move ? MOVE : COPY);
}

static void logout(struct imap_session *s)
{
	begin(s, LOGOUT);
	buf_adds(&s->out, "LOGOUT");
	end(s);
}

static void fetch(struct imap_session *s)
{
	struct one *o = &s->group[s->group_n++];

	*o = (struct one){.uid = s->list[s->list_at++], .fate = LEFT};
	s->fetched = false;
	begin(s, FETCH);
	buf_addf(&s->out, "UID FETCH %" PRIu32 " (UID BODY.PEEK[]<0.%zu>)", o->uid, s->rules->size + 1);
	end(s);
}

static bool has_later(const struct imap_session *s)
{
	for (size_t k = 0; k < s->group_n; k++)
		if (s->group[k].fate == LATER)
			return true;
	return false;
}

/* From NEXT and SETTLE, as far as it goes without news. */
static void go_on(struct imap_session *s)
{
	while (s->phase == NEXT || s->phase == SETTLE) {
		bool list = s->list_at < s->list_n && !s->ending && !has_later(s);

		if (s->phase == NEXT && list && s->group_n < GROUP && s->held < HELD_MAX) {
			fetch(s);
		} else if (s->group_n) {
			s->phase = SETTLE;
			if (s->waiting)
				return;
			settle(s);
		} else if (s->ending) {
			logout(s);
		} else if (s->more && s->list_at == s->list_n) {
			search(s);
		} else if (s->list_at == s->list_n && reached(s) != s->marked) {
			put_mark(s);
		} else if (s->list_at == s->list_n) {
			logout(s);
		}
	}
}

static void advance(struct imap_session *s)
{
	if (s->inside)
		return;
	s->inside = true;
	go_on(s);
	s->inside = false;
}

/* ---- what the server says ---- */

static struct str first_word(struct str *rest)
{
	size_t n = 0;
	struct str w;

	while (n < rest->n && rest->p[n] != ' ')
		n++;
	w = str_n(rest->p, n);
	while (n < rest->n && rest->p[n] == ' ')
		n++;
	*rest = str_n(rest->p + n, rest->n - n);
	return w;
}

static bool number(struct str w, uint32_t *out)
{
	int64_t v;

	if (!str_i64(w, &v) || v < 0 || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* "[UIDNEXT 42]" in an OK. */
static void note_code(struct imap_session *s, struct str rest)
{
	struct str word;
	size_t n = 0;
	uint32_t *to;

	if (s->phase != SELECT || !rest.n || rest.p[0] != '[')
		return;
	rest = str_n(rest.p + 1, rest.n - 1);
	word = first_word(&rest);
	while (n < rest.n && rest.p[n] != ']')
		n++;
	to = str_ieq(word, STR("UIDVALIDITY")) ? &s->validity : str_ieq(word, STR("UIDNEXT")) ? &s->next_uid : NULL;
	if (to)
		number(str_n(rest.p, n), to);
}

static int by_uid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* A list that is longer than ours: the lowest are kept, the rest is asked for again. */
static void note_found(struct imap_session *s, struct str rest)
{
	uint32_t uid;

	while (rest.n) {
		if (!number(first_word(&rest), &uid) || uid <= s->done)
			continue;
		if (s->list_n < LIST) {
			s->list[s->list_n++] = uid;
			if (s->list_n == LIST)
				qsort(s->list, LIST, sizeof *s->list, by_uid);
			continue;
		}
		s->more = true;
		if (uid >= s->list[LIST - 1])
			continue;
		s->list[LIST - 1] = uid;
		qsort(s->list, LIST, sizeof *s->list, by_uid); /* servers answer in order: seldom */
	}
}

static void note_mail(struct imap_session *s)
{
	struct one *o = s->group_n ? &s->group[s->group_n - 1] : NULL;
	struct str raw;
	uint32_t uid;

	if (s->phase != FETCH || s->fetched || !imap_reply_mail(s->reply, &uid, &raw) || uid != o->uid)
		return;
	s->fetched = true;
	if (imap_reply_cut(s->reply) || raw.n > s->rules->size) {
		s->rules->too_big(s->rules->arg, uid);
		return;
	}
	o->fate = WAITS;
	o->size = raw.n;
	s->held += raw.n;
	s->waiting++;
	s->rules->mail(s->rules->arg, uid, raw);
}

static void note_abilities(struct imap_session *s, struct str rest)
{
	while (rest.n) {
		struct str w = first_word(&rest);
		s->can_move = s->can_move || str_ieq(w, STR("MOVE"));
		s->can_expunge = s->can_expunge || str_ieq(w, STR("UIDPLUS"));
	}
}

static void untagged(struct imap_session *s, struct str rest)
{
	struct str word = first_word(&rest), second = rest;
	uint32_t ignored;

	if (str_ieq(word, STR("OK")))
		note_code(s, rest);
	else if (str_ieq(word, STR("CAPABILITY")))
		note_abilities(s, rest);
	else if (str_ieq(word, STR("SEARCH")) && s->phase == SEARCH)
		note_found(s, rest);
	else if (str_ieq(word, STR("BYE")) && s->phase != LOGOUT)
		fail(s, "the server closes", rest);
	else if (number(word, &ignored) && str_ieq(first_word(&second), STR("FETCH")))
		note_mail(s);
}

static void selected(struct imap_session *s)
{
	if (!s->validity) {
		fail(s, "the server gives no UIDVALIDITY", STR(""));
		return;
	}
	s->first = s->rules->mark >> 32 != s->validity;
	s->done = s->first ? 0 : (uint32_t)s->rules->mark;
	s->filtered = s->first && (s->rules->mark || s->rules->first == IMAP_UNSEEN);
	if (!s->first || s->rules->mark || s->rules->first != IMAP_NONE)
		search(s);
	else if (s->next_uid)
		s->phase = NEXT; /* nothing to find: only the mark is put */
	else
		fail(s, "the server gives no UIDNEXT", STR(""));
}

static void on_ok(struct imap_session *s)
{
	switch (s->phase) {
	case CAPABILITY:
		begin(s, SELECT);
		buf_adds(&s->out, "SELECT ");
		say_quoted(s, s->rules->mailbox);
		end(s);
		break;
	case SELECT: selected(s); break;
	case SEARCH:
		qsort(s->list, s->list_n, sizeof *s->list, by_uid);
		s->phase = NEXT;
		break;
	case FETCH: s->phase = NEXT; break; /* without its mail: it has gone meanwhile */
	case COPY: act(s, DELETE); break;
	case DELETE:
		if (s->can_expunge)
			act(s, EXPUNGE);
		else
			put_mark(s);
		break;
	case STORE:
	case MOVE:
	case EXPUNGE: put_mark(s); break;
	case LOGOUT: s->phase = OVER; break;
	default: break;
	}
}

static void tell_refused(struct imap_session *s, struct str text)
{
	char said[160];

	snprintf(said, sizeof said, "%.*s", (int)(text.n < 150 ? text.n : 150), text.p);
	s->rules->refused(s->rules->arg, said);
}

/* What the server will never give is left behind, so that it does not stand in the way of others. */
static void on_unread(struct imap_session *s, struct str text)
{
	struct str code = first_word(&(struct str){text.p, text.n});

	if (str_ieq(code, STR("[UNAVAILABLE]")) || str_ieq(code, STR("[INUSE]")) || str_ieq(code, STR("[LIMIT]"))) {
		s->group[s->group_n - 1].fate = LATER;
	} else if (!s->fetched) {
		tell_refused(s, text);
	}
	s->phase = NEXT;
}

static void on_no(struct imap_session *s, struct str text)
{
	switch (s->phase) {
	case CAPABILITY: on_ok(s); break;
	case FETCH: on_unread(s, text); break;
	case STORE:
	case MOVE:
	case COPY:
	case DELETE:
	case EXPUNGE:
		tell_refused(s, text);
		put_mark(s);
		break;
	case LOGOUT: s->phase = OVER; break;
	default: fail(s, s->phase == SELECT ? "the mailbox cannot be opened" : "the server refuses", text); break;
	}
}

static void tagged(struct imap_session *s, struct str tag, struct str rest)
{
	char want[16];
	struct str word;

	snprintf(want, sizeof want, "T%u", s->tag);
	if (!str_is(tag, want) || s->phase == NEXT || s->phase == SETTLE || s->phase == MARK) {
		fail(s, "the server speaks out of turn", tag);
		return;
	}
	word = first_word(&rest);
	if (str_ieq(word, STR("OK")))
		on_ok(s);
	else
		on_no(s, rest);
}

void imap_feed(struct imap_session *s, const char *p, size_t n)
{
	s->inside = true;
	while (n && s->phase != OVER) {
		size_t took;
		enum imap_read r = imap_reply_read(s->reply, p, n, &took);
		struct str rest = imap_reply_line(s->reply), word;

		p += took;
		n -= took;
		if (r == IMAP_READ_FAILED) {
			fail(s, "the server's answer is too long", STR(""));
			break;
		}
		if (r == IMAP_READ_MORE)
			break;
		word = first_word(&rest);
		if (str_is(word, "*"))
			untagged(s, rest);
		else if (!str_is(word, "+"))
			tagged(s, word, rest);
		go_on(s);
	}
	s->inside = false;
}

/* ---- what the owner says ---- */

void imap_answer(struct imap_session *s, uint32_t uid, enum imap_taken taken)
{
	static const enum fate fates[] = {[IMAP_TAKEN] = TAKEN, [IMAP_LEFT] = LEFT, [IMAP_LATER] = LATER};

	for (size_t k = 0; k < s->group_n; k++) {
		struct one *o = &s->group[k];
		if (o->uid != uid || o->fate != WAITS)
			continue;
		o->fate = fates[taken];
		s->waiting--;
	}
	advance(s);
}

void imap_kept(struct imap_session *s, bool ok)
{
	if (s->phase != MARK)
		return;
	if (!ok)
		s->ending = true;
	s->phase = NEXT;
	advance(s);
}

void imap_end(struct imap_session *s)
{
	s->ending = true;
	advance(s);
}

bool imap_over(const struct imap_session *s) { return s->phase == OVER; }
bool imap_settled(const struct imap_session *s) { return s->waiting == 0 && s->phase != MARK; }
const char *imap_problem(const struct imap_session *s) { return s->problem[0] ? s->problem : NULL; }
struct str imap_out(const struct imap_session *s)
{
	return str_n(buf_str(&s->out).p + s->written, s->out.n - s->written);
}
void imap_written(struct imap_session *s, size_t n) { s->written += n; }
