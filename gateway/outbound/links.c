#include "outbound/links.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "store/bucket.h"

enum { RANDOM = 9, MAC = 3, TEXT_ROOM = 1 << 20 };

static void mac_of(struct str secret, const char *code, char out[MAC])
{
	char said[RANDOM + 3] = "go:", text[48];
	struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text - 1};
	uint8_t hash[SHA256_LEN];

	memcpy(said + 3, code, RANDOM);
	crypto_hmac_sha256(secret, str_n(said, sizeof said), hash);
	crypto_b64url(&b, hash, sizeof hash);
	memcpy(out, text, MAC);
}

static void new_code(struct str secret, char out[LINK_CODE])
{
	uint8_t raw[7];
	char text[16];
	struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text - 1};

	crypto_random(raw, sizeof raw);
	crypto_b64url(&b, raw, sizeof raw);
	memcpy(out, text, RANDOM);
	mac_of(secret, out, out + RANDOM);
	out[RANDOM + MAC] = 0;
}

bool link_code_good(struct str secret, struct str code)
{
	char mac[MAC];

	if (code.n != RANDOM + MAC)
		return false;
	mac_of(secret, code.p, mac);
	return crypto_equal(mac, code.p + RANDOM, MAC);
}

/* ---- replacing ---- */

static bool ends_url(char c) { return (unsigned char)c <= ' ' || strchr("\"<>'`{}|\\^", c) != NULL; }

/* Length of the link that text begins with; 0: none. */
static size_t url_at(struct str s)
{
	size_t n = 0, head = s.n > 8 && memcmp(s.p, "https://", 8) == 0	 ? 8
			     : s.n > 7 && memcmp(s.p, "http://", 7) == 0 ? 7
									 : 0;

	if (!head)
		return 0;
	while (n < s.n && !ends_url(s.p[n]))
		n++;
	/* What ends the sentence is not the link's. */
	while (n > head && strchr(".,;:!?)]", s.p[n - 1]))
		n--;
	return n > head && n < LINK_URL_MAX ? n : 0;
}

static bool ours(const struct links *l, struct str url)
{
	size_t n = strlen(l->public_url);
	return url.n >= n && memcmp(url.p, l->public_url, n) == 0;
}

/* The code for that target, the same for the same; NULL: there are too many, or no memory. */
static const char *code_for(struct links *l, struct arena *a, struct str url)
{
	for (size_t k = 0; k < l->n; k++)
		if (str_eq(l->v[k].url, url))
			return l->v[k].code;
	if (l->n == LINKS_MAX)
		return NULL;
	l->v[l->n].url = url.n ? arena_str(a, url) : STR("");
	if (!l->v[l->n].url.p)
		return NULL;
	new_code(l->secret, l->v[l->n].code);
	return l->v[l->n++].code;
}

static void put_link(struct links *l, struct arena *a, struct str target, struct str as_written, struct buf *out)
{
	const char *code = ours(l, target) ? NULL : code_for(l, a, target);

	if (!code) {
		buf_addstr(out, as_written);
		return;
	}
	buf_adds(out, l->public_url);
	buf_adds(out, "/l/");
	buf_adds(out, code);
}

static struct str keep(struct arena *a, struct buf *b)
{
	struct str out = b->failed ? (struct str){0} : arena_str(a, buf_str(b));

	buf_free(b);
	return out;
}

struct str links_in_text(struct links *l, struct arena *a, struct str text)
{
	struct buf out;

	buf_init(&out, TEXT_ROOM);
	for (size_t k = 0; k < text.n;) {
		struct str rest = str_n(text.p + k, text.n - k);
		size_t n = rest.p[0] == 'h' ? url_at(rest) : 0;
		if (n)
			put_link(l, a, str_n(rest.p, n), str_n(rest.p, n), &out);
		else
			buf_addc(&out, rest.p[0]);
		k += n ? n : 1;
	}
	return keep(a, &out);
}

/* "&amp;" is how an address of HTML writes "&". */
static struct str unescaped(struct arena *a, struct str url)
{
	char *out = arena_alloc(a, url.n + 1);
	size_t n = 0;

	for (size_t k = 0; out && k < url.n; k++) {
		out[n++] = url.p[k];
		if (url.n - k >= 5 && memcmp(url.p + k, "&amp;", 5) == 0)
			k += 4;
	}
	return out ? str_n(out, n) : (struct str){0};
}

static void put_pixel(struct links *l, struct arena *a, struct buf *out)
{
	const char *code = code_for(l, a, STR(""));

	if (!code)
		return;
	buf_adds(out, "<img src=\"");
	buf_adds(out, l->public_url);
	buf_adds(out, "/o/");
	buf_adds(out, code);
	buf_adds(out, ".gif\" width=\"1\" height=\"1\" alt=\"\">");
}

struct str links_in_html(struct links *l, struct arena *a, struct str html)
{
	const char *end = html.n ? memmem(html.p, html.n, "</body>", 7) : NULL;
	size_t body = end ? (size_t)(end - html.p) : html.n;
	struct buf out;

	buf_init(&out, TEXT_ROOM);
	for (size_t k = 0; k < html.n;) {
		struct str rest = str_n(html.p + k, html.n - k);
		size_t n = 0;
		if (k == body)
			put_pixel(l, a, &out);
		if (k >= 6 && rest.p[0] == 'h' &&
		    (memcmp(rest.p - 6, "href=\"", 6) == 0 || memcmp(rest.p - 6, "href='", 6) == 0))
			n = url_at(rest);
		if (n)
			put_link(l, a, unescaped(a, str_n(rest.p, n)), str_n(rest.p, n), &out);
		else
			buf_addc(&out, rest.p[0]);
		k += n ? n : 1;
	}
	if (body == html.n)
		put_pixel(l, a, &out);
	return keep(a, &out);
}

/* ---- keeping ---- */

int links_write(struct db *db, const struct links *l, const struct uuid *message, const struct uuid *customer,
		enum channel channel, int64_t at, struct err *err)
{
	for (size_t k = 0; k < l->n; k++) {
		struct stmt *q =
			db_query(db, "INSERT INTO tracked_link (code, message_id, customer_id, channel, url, at)"
				     " VALUES ($1, $2, $3, $4, $5, $6)");
		db_bind_text(q, 1, l->v[k].code);
		db_bind_uuid(q, 2, message);
		db_bind_uuid(q, 3, customer);
		db_bind_i64(q, 4, channel);
		db_bind_str(q, 5, l->v[k].url);
		db_bind_i64(q, 6, at);
		if (db_run(q, err))
			return -1;
	}
	return 0;
}

/* By its trail: sent, or known to have come though the answer that says so was lost. */
static int64_t left_at(struct str trail)
{
	int64_t at = 0, came = 0, t;

	while (trail.n) {
		struct str line = str_cut(&trail, '\n'), time = str_cut(&line, ' '), word = str_cut(&line, ' ');
		enum status s;
		if (!str_i64(time, &t) || !status_parse(word, &s))
			continue;
		if (s == STATUS_SENT || s == STATUS_UNCERTAIN)
			at = t;
		else if (!came && (s == STATUS_PARTIAL || s == STATUS_DELIVERED || s == STATUS_READ))
			came = t;
	}
	return at ? at : came;
}

/* A message may lie for hours before it goes out, for quiet hours or its turn in a campaign. */
static int sent_at(struct db *db, const struct uuid *message, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT trail FROM delivery WHERE message_id = $1 AND bucket = $2");
	int r;

	db_bind_uuid(q, 1, message);
	db_bind_i64(q, 2, bucket_of(message));
	while ((r = db_step(q, err)) == DB_ROW) {
		int64_t t = left_at(db_col_str(q, 0));
		*out = t > *out ? t : *out;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int link_find(struct db *db, struct str code, struct arena *a, struct link_use *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT message_id, customer_id, channel, url, people FROM tracked_link WHERE code = $1");
	int r;

	db_bind_str(q, 1, code);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct link_use){.channel = (enum channel)db_col_i64(q, 2),
					 .url = arena_str(a, db_col_str(q, 3)),
					 .people = (int)db_col_i64(q, 4)};
		db_col_uuid(q, 0, &out->message);
		db_col_uuid(q, 1, &out->customer);
		if (!out->url.p)
			r = err_nomem(err);
	}
	db_done(q);
	if (r == DB_ROW && sent_at(db, &out->message, &out->sent_at, err))
		return -1;
	return r == DB_ROW ? 1 : r == DB_END ? 0 : -1;
}

int link_count(struct db *db, struct str code, bool robot, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, robot ? "UPDATE tracked_link SET robots = robots + 1 WHERE code = $1"
					    : "UPDATE tracked_link SET people = people + 1,"
					      " first_at = COALESCE(first_at, $2) WHERE code = $1");
	db_bind_str(q, 1, code);
	if (!robot)
		db_bind_i64(q, 2, now);
	return db_run(q, err);
}

bool link_robot(struct str method, struct str agent, struct str prefetch, int64_t soon)
{
	static const char *const words[] = {"bot",	"crawl", "spider",  "preview", "scan",	   "curl",     "wget",
					    "python",	"java/", "go-http", "http",    "whatsapp", "telegram", "skype",
					    "facebook", "slack", "discord", "okhttp",  "check",	   "monitor",  "proxy"};
	char lower[300];
	size_t n = agent.n < sizeof lower - 1 ? agent.n : sizeof lower - 1;

	for (size_t k = 0; k < n; k++)
		lower[k] = (char)(agent.p[k] >= 'A' && agent.p[k] <= 'Z' ? agent.p[k] | 0x20 : agent.p[k]);
	lower[n] = 0;
	if (!str_is(method, "GET") || n == 0 || prefetch.n || soon < 2 * US_SEC)
		return true;
	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		if (strstr(lower, words[k]))
			return true;
	return false;
}

int links_json(struct db *db, struct json_out *j, const struct uuid *message, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT url, people, robots, first_at FROM tracked_link WHERE message_id = $1"
				      " ORDER BY url");
	int r;

	db_bind_uuid(q, 1, message);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct str url = db_col_str(q, 0);
		json_obj(j, NULL);
		json_cstr(j, "kind", url.n ? "link" : "pixel");
		json_str(j, "url", url);
		json_int(j, "people", db_col_i64(q, 1));
		json_int(j, "robots", db_col_i64(q, 2));
		json_time(j, "first_at", db_col_i64(q, 3));
		json_end(j);
	}
	db_done(q);
	return r == DB_END ? 0 : -1;
}
