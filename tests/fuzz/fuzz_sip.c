/* Who calls, as From and P-Asserted-Identity say it, down to the number; where a destination is called. */
#include <stdlib.h>

#include "ivr/sip/door_private.h"
#include "model/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What came out stays what it is when it is read again. */
static void number(struct str text)
{
	struct address a, again;

	if (address_parse(CHANNEL_IVR, text, "DE", &a, NULL))
		return;
	if (strnlen(a.value, sizeof a.value) == sizeof a.value || !a.value[0])
		abort();
	(void)address_identifies(&a);
	if (address_parse(CHANNEL_IVR, str_of(a.value), "DE", &again, NULL) || strcmp(a.value, again.value) != 0)
		abort();
}

static void destination(struct str text)
{
	char trunk[] = "sip:trunk@trunk.example:5060;transport=tls";
	struct ivr_settings set = {.sip_trunk = trunk};
	struct door d = {.set = &set};
	char uri[300];

	address_uri(&d, text, uri, sizeof uri);
	if (strlen(uri) >= sizeof uri)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pl text = {.p = (const char *)data, .l = n};
	struct sip_addr who;
	struct uri u;

	if (sip_addr_decode(&who, &text) == 0) {
		number(str_n(who.auri.p ? who.auri.p : "", who.auri.l));
		number(str_n(who.uri.user.p ? who.uri.user.p : "", who.uri.user.l));
	}
	(void)uri_decode(&u, &text);
	number(str_n((const char *)data, n));
	if (n && !memchr(data, 0, n))
		destination(str_n((const char *)data, n));
	return 0;
}
