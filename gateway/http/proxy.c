#include "http/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/settings.h"

static bool address(struct str s, uint8_t out[16], int *family_bits)
{
	char text[64];

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	memset(out, 0, 16);
	*family_bits = 32;
	if (inet_pton(AF_INET, text, out + 12) == 1) {
		out[10] = out[11] = 0xff;
		return true;
	}
	*family_bits = 128;
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool network(struct str s, uint8_t net[16], int *bits)
{
	const char *slash = memchr(s.p, '/', s.n);
	int64_t n;
	int width;

	if (!address(slash ? str_n(s.p, (size_t)(slash - s.p)) : s, net, &width))
		return false;
	n = width;
	if (slash && (!str_i64(str_n(slash + 1, s.n - (size_t)(slash + 1 - s.p)), &n) || n < 0 || n > width))
		return false;
	*bits = (int)n + (width == 32 ? 96 : 0);
	return true;
}

int proxies_parse(const char *list, struct proxies *out, struct err *err)
{
	struct str item;
	size_t pos = 0;

	out->n = 0;
	while (settings_list_next(list, &pos, &item)) {
		if (out->n == PROXIES_MAX || !network(item, out->v[out->n].net, &out->v[out->n].bits))
			return err_set(err, ERR_INVALID, "network_invalid", "http.trusted_proxies",
				       "%.*s is not an address or network", (int)item.n, item.p);
		out->n++;
	}
	return 0;
}

static bool trusted(const struct proxies *p, const uint8_t a[16])
{
	for (int i = 0; i < p->n; i++) {
		int whole = p->v[i].bits / 8, rest = p->v[i].bits % 8;
		uint8_t mask = (uint8_t)(0xff << (8 - rest));
		if (memcmp(a, p->v[i].net, (size_t)whole) == 0 &&
		    (rest == 0 || ((a[whole] ^ p->v[i].net[whole]) & mask) == 0))
			return true;
	}
	return false;
}

static void text_of(const uint8_t a[16], char out[64])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(a, mapped, 12) == 0)
		inet_ntop(AF_INET, a + 12, out, 64);
	else
		inet_ntop(AF_INET6, a, out, 64);
}

void proxies_client(const struct proxies *p, const struct sockaddr *peer, struct str forwarded_for,
		    struct str forwarded_proto, char out[64], bool *secure)
{
	uint8_t a[16] = {[10] = 0xff, [11] = 0xff};

	out[0] = 0;
	if (peer && peer->sa_family == AF_INET)
		memcpy(a + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
	else if (peer && peer->sa_family == AF_INET6)
		memcpy(a, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
	else
		return;
	if (p->n && trusted(p, a)) {
		struct str rest = forwarded_for;

		if (str_ieq(str_trim(forwarded_proto), STR("https")))
			*secure = true;
		while (rest.n) {
			const char *comma = memrchr(rest.p, ',', rest.n);
			struct str last =
				str_trim(comma ? str_n(comma + 1, rest.n - (size_t)(comma + 1 - rest.p)) : rest);
			uint8_t next[16];
			int width;

			if (!address(last, next, &width))
				break; /* nobody we believe wrote this */
			memcpy(a, next, 16);
			if (!trusted(p, a) || !comma)
				break;
			rest = str_n(rest.p, (size_t)(comma - rest.p));
		}
	}
	text_of(a, out);
}
