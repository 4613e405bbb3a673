/* Lists of proxies from a configuration, forwarded addresses from anywhere: what is believed is an address. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void believe(const struct proxies *p, struct str forwarded)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010203)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	unsigned char raw[16];
	char out[64];
	bool secure = false;

	proxies_client(p, (struct sockaddr *)&peer, forwarded, forwarded, out, &secure);
	if (inet_pton(AF_INET, out, raw) != 1 && inet_pton(AF_INET6, out, raw) != 1)
		abort();
	proxies_client(p, (struct sockaddr *)&six, forwarded, STR("https"), out, &secure);
	if (inet_pton(AF_INET, out, raw) != 1 && inet_pton(AF_INET6, out, raw) != 1)
		abort();
}

/* The list ends at the first newline, the header follows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
	struct proxies p = {0};
	char *list;

	if (!cut || !(list = strndup((const char *)data, (size_t)(cut - data))))
		return 0;
	if (proxies_parse("10.0.0.0/8, ::1", &p, NULL) == 0)
		believe(&p, str_n((const char *)cut + 1, size - (size_t)(cut + 1 - data)));
	if (proxies_parse(list, &p, NULL) == 0)
		believe(&p, str_n((const char *)cut + 1, size - (size_t)(cut + 1 - data)));
	free(list);
	return 0;
}
