/*
 * Who asks, and may they. A program shows its key with each request; the console shows a cookie that names a key and is
 * signed with the server's secret. Both end at the row of the key, read each time: a revoked key is refused at once.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "http/private.h"

#define SESSION_LIFE (12 * US_HOUR)
#define COOKIE "threadline_session"

static void principal_of(const struct api_key *k, struct principal *p)
{
	p->known = true;
	p->role = k->role;
	memcpy(p->id, k->id, sizeof p->id);
	snprintf(p->name, sizeof p->name, "%s", k->name);
	snprintf(p->author, sizeof p->author, "%s%s",
		 k->role == ROLE_AGENT || k->role == ROLE_ADMIN ? "" : "key:", k->name);
}

static struct str bearer(struct request *r)
{
	struct str a = request_in_header(r, "Authorization");

	if (a.n > 7 && str_ieq(str_n(a.p, 7), STR("Bearer ")))
		return str_trim(str_n(a.p + 7, a.n - 7));
	if (r->route->flags & ROUTE_TOKEN_IN_QUERY)
		return request_query(r, "access_token");
	return (struct str){0};
}

static void sign(const struct http *h, struct str body, uint8_t mac[SHA256_LEN])
{
	struct buf b;

	buf_init(&b, 512);
	buf_adds(&b, "session:");
	buf_addstr(&b, body);
	crypto_hmac_sha256(str_n(h->secret, 32), buf_str(&b), mac);
	buf_free(&b);
}

/* The value of our cookie: "<key id>.<expiry, seconds>.<mac, hex>". */
static bool cookie(struct request *r, char id[UUID_TEXT])
{
	const char *v = MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, COOKIE);
	struct str s = str_of(v);
	uint8_t mac[SHA256_LEN], given[SHA256_LEN];
	const char *dot = s.n ? memrchr(s.p, '.', s.n) : NULL;
	int64_t expiry;

	if (!dot || dot - s.p < 38 || s.p[36] != '.')
		return false;
	if (!crypto_unhex(str_n(dot + 1, s.n - (size_t)(dot + 1 - s.p)), given, SHA256_LEN))
		return false;
	sign(r->http, str_n(s.p, (size_t)(dot - s.p)), mac);
	if (!crypto_equal(mac, given, SHA256_LEN) || !str_i64(str_n(s.p + 37, (size_t)(dot - s.p) - 37), &expiry) ||
	    expiry * US_SEC < clock_now())
		return false;
	memcpy(id, s.p, 36);
	id[36] = 0;
	return true;
}

void session_begin(struct request *r, const struct api_key *k)
{
	uint8_t mac[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	struct buf b, body;

	buf_init(&b, 1024);
	buf_init(&body, 200);
	buf_addf(&body, "%s.%lld", k->id, (long long)((clock_now() + SESSION_LIFE) / US_SEC));
	sign(r->http, buf_str(&body), mac);
	crypto_hex(mac, SHA256_LEN, hex);
	buf_addf(&b, COOKIE "=%s.%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", buf_cstr(&body), hex,
		 (long long)(SESSION_LIFE / US_SEC), r->secure ? "; Secure" : "");
	request_header(r, "Set-Cookie", buf_cstr(&b));
	buf_free(&b);
	buf_free(&body);
}

void session_end(struct request *r)
{
	request_header(r, "Set-Cookie", COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

/* A form on a foreign page can send our cookie but not this header; reading alone changes nothing. */
static bool own_page(struct request *r)
{
	return strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 ||
	       request_in_header(r, "X-Threadline").n > 0;
}

/*
 * Reading the key's row costs as much as the rest of a small request, so a thread that has just read it believes itself for
 * KEY_FRESH: a key revoked from outside works that much longer on a thread that is using it; one revoked through the API
 * is forgotten at once (keys_changed).
 */
#define KEY_FRESH (500 * US_MS)
enum { FRESH_KEYS = 8 };

struct fresh_key {
	uint8_t hash[SHA256_LEN];
	struct api_key key;
	int64_t read_at, generation;
};

static int verify(struct request *r, struct str text, struct api_key *out, struct err *err)
{
	static _Thread_local struct fresh_key fresh[FRESH_KEYS];
	int64_t now = clock_mono(), generation = atomic_load(&r->http->keys_generation);
	uint8_t hash[SHA256_LEN];
	struct fresh_key *k;
	struct db *db;

	crypto_sha256(text, hash);
	k = &fresh[hash[0] % FRESH_KEYS];
	if (k->read_at && now - k->read_at < KEY_FRESH && k->generation == generation &&
	    crypto_equal(k->hash, hash, sizeof hash)) {
		*out = k->key;
		return 0;
	}
	db = request_db(r, err);
	if (!db || key_verify(db, text, out, err))
		return -1;
	memcpy(k->hash, hash, sizeof hash);
	k->key = *out;
	k->read_at = now;
	k->generation = generation;
	return 0;
}

void keys_changed(struct request *r) { atomic_fetch_add(&r->http->keys_generation, 1); }

static int identify(struct inflight *f, struct err *err)
{
	struct request *r = &f->r;
	struct str key = bearer(r);
	char id[UUID_TEXT];
	struct api_key k;
	struct db *db;

	if (!key.n && !cookie(r, id))
		return err_set(err, ERR_UNAUTHORIZED, "key_missing", NULL,
			       "an API key is needed: Authorization: Bearer tl_…");
	if (!key.n && !own_page(r))
		return err_set(err, ERR_DENIED, "header_missing", NULL, "a session asks with the header X-Threadline");
	if (key.n) {
		if (verify(r, key, &k, err))
			return -1;
	} else {
		db = request_db(r, err);
		if (!db || key_by_id(db, str_of(id), &k, err))
			return -1;
	}
	principal_of(&k, &r->who);
	return 0;
}

int auth_check(struct inflight *f, struct err *err)
{
	struct request *r = &f->r;
	int wait_s;

	if (r->route->roles == R_PUBLIC)
		return 0;
	if (identify(f, err))
		return -1;
	if (!rate_take(&r->http->rate, r->who.id, clock_mono(), &wait_s)) {
		err_set(err, ERR_BUSY, "rate_limited", NULL, "this key asks too often");
		err->retry_after_s = wait_s;
		return -1;
	}
	if (!(r->route->roles & 1u << r->who.role))
		return err_set(err, ERR_DENIED, "role_insufficient", NULL, "a key of role %s may not do this",
			       role_word(r->who.role));
	return 0;
}
