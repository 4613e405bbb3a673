#include "email/imap_reply.h"

#include <stdlib.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 4 << 20, DIGITS = 10 };

struct imap_reply {
	struct buf line, body;
	size_t literal; /* bytes of it that are still to come */
	bool in_body;	/* they are of BODY[] */
	bool cut, whole;
};

struct imap_reply *imap_reply_new(size_t body_max)
{
	struct imap_reply *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	buf_init(&r->line, LINE_MAX_BYTES);
	buf_init(&r->body, body_max);
	return r;
}

void imap_reply_free(struct imap_reply **rp)
{
	struct imap_reply *r = *rp;

	if (!r)
		return;
	buf_free(&r->line);
	buf_free(&r->body);
	free(r);
	*rp = NULL;
}

static void reset(struct imap_reply *r)
{
	if (r->body.cap > 64 << 10)
		buf_free(&r->body);
	buf_reset(&r->line);
	buf_reset(&r->body);
	r->cut = r->whole = false;
}

/* "… BODY[]<0> {123}" at the end of the line so far: a literal follows. */
static bool announces(struct imap_reply *r)
{
	struct str s = buf_str(&r->line);
	size_t at = s.n, from;
	int64_t n;

	if (!s.n || s.p[s.n - 1] != '}')
		return false;
	for (at = s.n - 1; at && s.n - at <= DIGITS + 2 && s.p[at] != '{'; at--)
		;
	if (s.p[at] != '{')
		return false;
	from = at + 1;
	if (!str_i64(str_n(s.p + from, s.n - 1 - from), &n) || n < 0)
		return false;
	r->literal = (size_t)n;
	while (at && s.p[at - 1] == ' ')
		at--;
	while (at && s.p[at - 1] != ' ' && s.p[at - 1] != '(')
		at--;
	r->in_body = s.n - at >= 6 && strncasecmp(s.p + at, "BODY[]", 6) == 0 && !r->body.n;
	return true;
}

static size_t take_literal(struct imap_reply *r, const char *p, size_t n)
{
	size_t take = n < r->literal ? n : r->literal, room = r->body.max - r->body.n;

	r->literal -= take;
	if (r->in_body) {
		r->cut = r->cut || take > room;
		buf_add(&r->body, p, take < room ? take : room);
	}
	return take;
}

enum imap_read imap_reply_read(struct imap_reply *r, const char *p, size_t n, size_t *took)
{
	*took = 0;
	if (r->whole)
		reset(r);
	while (*took < n) {
		const char *from = p + *took, *lf;
		size_t take;

		if (r->literal) {
			*took += take_literal(r, from, n - *took);
			continue;
		}
		lf = memchr(from, '\n', n - *took);
		take = lf ? (size_t)(lf - from) : n - *took;
		buf_add(&r->line, from, take);
		*took += take + (lf ? 1 : 0);
		if (r->line.failed || r->body.failed)
			return IMAP_READ_FAILED;
		if (!lf)
			break;
		if (r->line.n && r->line.p[r->line.n - 1] == '\r')
			r->line.n--;
		if (announces(r))
			continue;
		r->whole = true;
		return IMAP_READ_LINE;
	}
	return IMAP_READ_MORE;
}

struct str imap_reply_line(const struct imap_reply *r) { return buf_str(&r->line); }
bool imap_reply_cut(const struct imap_reply *r) { return r->cut; }

/* ---- the parts of a FETCH ---- */

/* The next atom, quoted string (with its quotes) or parenthesis. */
static struct str token(struct str *rest)
{
	size_t k = 0, from;
	bool escaped = false;

	while (k < rest->n && rest->p[k] == ' ')
		k++;
	from = k;
	if (k < rest->n && rest->p[k] == '"') {
		for (k++; k < rest->n && (escaped || rest->p[k] != '"'); k++)
			escaped = !escaped && rest->p[k] == '\\';
		k += k < rest->n;
	} else if (k < rest->n && (rest->p[k] == '(' || rest->p[k] == ')')) {
		k++;
	} else {
		while (k < rest->n && !memchr(" ()", rest->p[k], 3))
			k++;
	}
	*rest = str_n(rest->p + k, rest->n - k);
	return str_n(rest->p - (k - from), k - from);
}

/* A short body may come as a quoted string. */
static void unquote(struct imap_reply *r, struct str q)
{
	for (size_t k = 1; k + 1 < q.n; k++) {
		k += q.p[k] == '\\' && k + 2 < q.n;
		if (r->body.n == r->body.max)
			r->cut = true;
		else
			buf_addc(&r->body, q.p[k]);
	}
}

bool imap_reply_mail(struct imap_reply *r, uint32_t *uid, struct str *body)
{
	struct str rest = buf_str(&r->line), t;
	bool has_uid = false, has_body = false;
	int64_t n;

	while ((t = token(&rest)).n) {
		if (str_ieq(t, STR("UID")) && !has_uid) {
			has_uid = str_i64(token(&rest), &n) && n > 0 && n <= UINT32_MAX;
			*uid = has_uid ? (uint32_t)n : 0;
		} else if (t.n >= 6 && strncasecmp(t.p, "BODY[]", 6) == 0 && !has_body) {
			has_body = true;
			t = token(&rest);
			if (t.n && t.p[0] == '"')
				unquote(r, t);
		}
	}
	*body = buf_str(&r->body);
	return has_uid && has_body && !r->body.failed;
}
