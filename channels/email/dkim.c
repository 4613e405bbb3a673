#include "email/dkim.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/settings.h"

enum { KEYS_MAX = 4, FIELDS_MAX = 64, RSA_BITS_MIN = 1024, SIGNATURE_MAX = 1024, HEADER_MAX = 256 << 10, LINE = 72 };

struct key {
	char selector[64];
	EVP_PKEY *pkey;
	bool ed25519;
};

struct dkim {
	char domain[256];
	struct key keys[KEYS_MAX];
	size_t n;
	EVP_MD_CTX *md;
	struct buf canonical, text;
};

/* In the order of h=. The second number: how often it is signed beyond its occurrences. */
static const struct {
	const char *name;
	int over;
} signed_fields[] = {
	{"from", 1},
	{"reply-to", 1},
	{"subject", 1},
	{"date", 1},
	{"to", 1},
	{"cc", 1},
	{"message-id", 1},
	{"in-reply-to", 0},
	{"references", 0},
	{"mime-version", 0},
	{"content-type", 1},
	{"content-transfer-encoding", 0},
	{"auto-submitted", 0},
	{"list-unsubscribe", 0},
	{"list-unsubscribe-post", 0},
	{"feedback-id", 0},
};

/* ---- keys ---- */

static bool name_ok(struct str s, size_t max)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '.' || c == '_'))
			return false;
	}
	return s.n > 0 && s.n < max;
}

static int no_password(char *p, int n, int write, void *arg)
{
	(void)p, (void)n, (void)write, (void)arg;
	return -1;
}

static int read_key(struct key *k, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	int type;

	if (!f)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "%s: %s", path, strerror(errno));
	k->pkey = PEM_read_PrivateKey(f, NULL, no_password, NULL);
	fclose(f);
	if (!k->pkey)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "%s: no private key in PEM", path);
	type = EVP_PKEY_get_base_id(k->pkey);
	k->ed25519 = type == EVP_PKEY_ED25519;
	if (!k->ed25519 && type != EVP_PKEY_RSA)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "%s: neither an RSA nor an Ed25519 key",
			       path);
	if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(k->pkey) < RSA_BITS_MIN)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "%s: an RSA key of less than %d bits", path,
			       RSA_BITS_MIN);
	if (EVP_PKEY_get_size(k->pkey) > SIGNATURE_MAX)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "%s: the key is too long", path);
	return 0;
}

static int add_key(struct dkim *d, struct str item, struct err *err)
{
	const char *colon = memchr(item.p, ':', item.n);
	struct str selector = str_n(item.p, colon ? (size_t)(colon - item.p) : 0), path;
	struct key *k = &d->keys[d->n];
	char file[1024];

	if (d->n == KEYS_MAX)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "at most %d keys", KEYS_MAX);
	if (!colon || !name_ok(selector, sizeof k->selector))
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "selector:file expected");
	path = str_trim(str_n(colon + 1, item.n - selector.n - 1));
	if (!path.n || path.n >= sizeof file)
		return err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim", "selector:file expected");
	memcpy(file, path.p, path.n);
	file[path.n] = 0;
	memcpy(k->selector, selector.p, selector.n);
	k->selector[selector.n] = 0;
	d->n++;
	return read_key(k, file, err);
}

int dkim_new(const char *keys, const char *domain, struct dkim **out, struct err *err)
{
	struct dkim *d = calloc(1, sizeof *d);
	struct str item, name = str_of(domain);
	size_t pos = 0;
	int r = 0;

	if (!d)
		return err_nomem(err);
	buf_init(&d->canonical, HEADER_MAX);
	buf_init(&d->text, HEADER_MAX);
	d->md = EVP_MD_CTX_new();
	if (!d->md)
		r = err_nomem(err);
	else if (!name_ok(name, sizeof d->domain))
		r = err_set(err, ERR_SEMANTIC, "dkim_invalid", "dkim_domain", "no domain to sign for");
	else
		memcpy(d->domain, domain, name.n + 1);
	while (r == 0 && settings_list_next(keys, &pos, &item))
		r = add_key(d, item, err);
	if (r) {
		dkim_free(&d);
		return -1;
	}
	*out = d;
	return 0;
}

void dkim_free(struct dkim **dp)
{
	struct dkim *d = *dp;

	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		EVP_PKEY_free(d->keys[i].pkey);
	EVP_MD_CTX_free(d->md);
	buf_free(&d->canonical);
	buf_free(&d->text);
	free(d);
	*dp = NULL;
}

/* ---- relaxed canonical form, section 3.4 ---- */

static bool is_wsp(char c) { return c == ' ' || c == '\t'; }

/* One field, unfolded, name in small letters; without the CRLF. */
static void relax_field(struct buf *out, struct str field)
{
	size_t i = 0;
	bool gap = false, begun = false;

	for (; i < field.n && field.p[i] != ':'; i++)
		if (!is_wsp(field.p[i]))
			buf_addc(out, field.p[i] >= 'A' && field.p[i] <= 'Z' ? (char)(field.p[i] + 32) : field.p[i]);
	buf_addc(out, ':');
	for (i++; i < field.n; i++) {
		char c = field.p[i];
		if (is_wsp(c) || c == '\r' || c == '\n') {
			gap = true;
			continue;
		}
		if (gap && begun)
			buf_addc(out, ' ');
		gap = false;
		begun = true;
		buf_addc(out, c);
	}
}

struct body_hash {
	EVP_MD_CTX *md;
	size_t empty; /* lines not yet hashed, because they may be the last */
	size_t n;
	char room[4096];
};

static void hash_put(struct body_hash *h, const char *p, size_t n)
{
	while (n) {
		size_t k = sizeof h->room - h->n < n ? sizeof h->room - h->n : n;
		memcpy(h->room + h->n, p, k);
		h->n += k;
		p += k;
		n -= k;
		if (h->n == sizeof h->room) {
			EVP_DigestUpdate(h->md, h->room, h->n);
			h->n = 0;
		}
	}
}

static void hash_line(struct body_hash *h, const char *p, size_t n)
{
	while (n && is_wsp(p[n - 1]))
		n--;
	if (n == 0) {
		h->empty++;
		return;
	}
	for (; h->empty; h->empty--)
		hash_put(h, "\r\n", 2);
	for (size_t i = 0; i < n;) {
		size_t from = i;
		while (i < n && !is_wsp(p[i]))
			i++;
		hash_put(h, p + from, i - from);
		for (from = i; i < n && is_wsp(p[i]); i++)
			;
		if (i > from)
			hash_put(h, " ", 1);
	}
	hash_put(h, "\r\n", 2);
}

static bool hash_body(EVP_MD_CTX *md, struct str body, uint8_t out[SHA256_LEN])
{
	struct body_hash h = {.md = md};
	size_t at = 0;

	EVP_MD_CTX_reset(md); /* it has signed before */
	if (EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return false;
	while (at < body.n) {
		const char *end = memchr(body.p + at, '\n', body.n - at);
		size_t next = end ? (size_t)(end - body.p) + 1 : body.n, n = end ? next - 1 : next;
		if (n > at && body.p[n - 1] == '\r')
			n--;
		hash_line(&h, body.p + at, n - at);
		at = next;
	}
	if (h.n)
		EVP_DigestUpdate(md, h.room, h.n);
	return EVP_DigestFinal_ex(md, out, NULL) == 1;
}

/* ---- signing ---- */

struct fields {
	struct str v[FIELDS_MAX];
	size_t n;
};

static void split(struct str header, struct fields *f)
{
	size_t at = 0;

	while (at < header.n && f->n < FIELDS_MAX) {
		size_t end = at;
		do {
			const char *nl = memchr(header.p + end, '\n', header.n - end);
			end = nl ? (size_t)(nl - header.p) + 1 : header.n;
		} while (end < header.n && is_wsp(header.p[end]));
		f->v[f->n++] = str_n(header.p + at, end - at);
		at = end;
	}
}

static bool is_field(struct str field, const char *name)
{
	size_t n = strlen(name);
	return field.n > n && field.p[n] == ':' && str_ieq(str_n(field.p, n), str_n(name, n));
}

/* Canonical forms into d->canonical, names into `names` ("from:from:subject"). */
static void choose(struct dkim *d, const struct fields *f, struct buf *names)
{
	for (size_t k = 0; k < sizeof signed_fields / sizeof *signed_fields; k++) {
		int times = signed_fields[k].over;
		for (size_t i = f->n; i-- > 0;) /* from the last to the first, section 5.4.2 */
			if (is_field(f->v[i], signed_fields[k].name)) {
				relax_field(&d->canonical, f->v[i]);
				buf_adds(&d->canonical, "\r\n");
				times++;
			}
		while (times-- > 0) {
			if (names->n)
				buf_addc(names, ':');
			buf_adds(names, signed_fields[k].name);
		}
	}
}

static void add_b64(struct buf *out, const uint8_t *p, size_t n)
{
	char text[SIGNATURE_MAX / 3 * 4 + 8];
	size_t len = crypto_b64(text, p, n);

	for (size_t i = 0; i < len; i += LINE) {
		if (i)
			buf_adds(out, "\r\n\t ");
		buf_add(out, text + i, len - i < LINE ? len - i : LINE);
	}
}

/* "from:from:subject" in lines. */
static void add_names(struct buf *out, struct str names)
{
	size_t line = 0;

	for (size_t i = 0; i < names.n; i++) {
		buf_addc(out, names.p[i]);
		if (++line > LINE - 20 && names.p[i] == ':') {
			buf_adds(out, "\r\n\t ");
			line = 0;
		}
	}
}

static bool make_signature(struct dkim *d, const struct key *k, struct str data, uint8_t *out, size_t *n)
{
	uint8_t digest[SHA256_LEN];

	EVP_MD_CTX_reset(d->md);
	if (!k->ed25519)
		return EVP_DigestSignInit(d->md, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
		       EVP_DigestSign(d->md, out, n, (const uint8_t *)data.p, data.n) == 1;
	crypto_sha256(data, digest); /* RFC 8463 section 3: it is the hash that is signed */
	return EVP_DigestSignInit(d->md, NULL, NULL, NULL, k->pkey) == 1 &&
	       EVP_DigestSign(d->md, out, n, digest, sizeof digest) == 1;
}

static int sign_with(struct dkim *d, const struct key *k, struct str names, const uint8_t hash[SHA256_LEN], int64_t now,
		     struct buf *out, struct err *err)
{
	size_t base = d->canonical.n, start = out->n, n = SIGNATURE_MAX;
	uint8_t signature[SIGNATURE_MAX];

	buf_addf(out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=%s;\r\n\ts=%s; t=%lld; h=",
		 k->ed25519 ? "ed25519-sha256" : "rsa-sha256", d->domain, k->selector, (long long)(now / 1000000));
	add_names(out, names);
	buf_adds(out, ";\r\n\tbh=");
	add_b64(out, hash, SHA256_LEN);
	buf_adds(out, ";\r\n\tb=");
	if (out->failed)
		return err_nomem(err);
	relax_field(&d->canonical, str_n(out->p + start, out->n - start)); /* with an empty b=, section 3.5 */
	if (d->canonical.failed)
		return err_nomem(err);
	if (!make_signature(d, k, buf_str(&d->canonical), signature, &n))
		return err_set(err, ERR_INTERNAL, "dkim_failed", NULL, "signing with selector %s failed", k->selector);
	d->canonical.n = base;
	add_b64(out, signature, n);
	buf_adds(out, "\r\n");
	return out->failed ? err_nomem(err) : 0;
}

int dkim_sign(struct dkim *d, struct str header, struct str body, int64_t now, struct buf *out, struct err *err)
{
	struct fields f = {.n = 0};
	uint8_t hash[SHA256_LEN];

	split(header, &f);
	if (!hash_body(d->md, body, hash))
		return err_set(err, ERR_INTERNAL, "dkim_failed", NULL, "hashing failed");
	buf_reset(&d->canonical);
	buf_reset(&d->text);
	choose(d, &f, &d->text);
	if (d->canonical.failed || d->text.failed)
		return err_nomem(err);
	for (size_t i = 0; i < d->n; i++)
		if (sign_with(d, &d->keys[i], buf_str(&d->text), hash, now, out, err))
			return -1;
	return 0;
}
