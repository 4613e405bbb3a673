#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "http/proxy.h"

static const struct {
	const char *label, *trusted, *peer, *forwarded, *proto, *client;
	bool secure;
} cases[] = {
	{"nobody is trusted", "", "198.51.100.7", "203.0.113.9", "https", "198.51.100.7", false},
	{"a stranger's header is not believed", "10.0.0.0/8", "198.51.100.7", "203.0.113.9", "https", "198.51.100.7",
	 false},
	{"a proxy's is", "10.0.0.0/8", "10.1.2.3", "203.0.113.9", "https", "203.0.113.9", true},
	{"what the client itself wrote is left of it", "10.0.0.0/8", "10.1.2.3", "1.2.3.4, 203.0.113.9", "",
	 "203.0.113.9", false},
	{"a chain of proxies", "10.0.0.0/8", "10.1.2.3", "203.0.113.9, 10.9.9.9", "http", "203.0.113.9", false},
	{"garbage stops the walk", "10.0.0.0/8", "10.1.2.3", "203.0.113.9, nonsense", "", "10.1.2.3", false},
	{"one address", "10.1.2.3", "10.1.2.4", "203.0.113.9", "", "10.1.2.4", false},
};

Test(proxy, whom_to_believe)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_in peer = {.sin_family = AF_INET};
		struct proxies p;
		char out[64];
		bool secure = false;

		inet_pton(AF_INET, cases[i].peer, &peer.sin_addr);
		cr_assert_eq(proxies_parse(cases[i].trusted, &p, NULL), 0);
		proxies_client(&p, (struct sockaddr *)&peer, str_of(cases[i].forwarded), str_of(cases[i].proto), out,
			       &secure);
		cr_expect_str_eq(out, cases[i].client, "%s", cases[i].label);
		cr_expect_eq(secure, cases[i].secure, "%s", cases[i].label);
	}
}

Test(proxy, networks_are_checked)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0", "::1/129", "x", "10.0.0.0/"};
	struct proxies p;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(proxies_parse(bad[i], &p, NULL), -1, "%s", bad[i]);
	cr_expect_eq(proxies_parse("::1, fd00::/8, 192.168.0.0/16", &p, NULL), 0);
	cr_expect_eq(p.n, 3);
}
