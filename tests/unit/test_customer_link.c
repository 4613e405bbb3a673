#include <criterion/criterion.h>
#include <string.h>

#include "customer/link.h"

Test(link, only_who_has_the_secret_makes_one)
{
	const struct str secret = STR("0123456789abcdef0123456789abcdef"),
			 other = STR("another secret of thirty-two byt");
	struct uuid id = uuid7(5), read;
	char text[LINK_TEXT], forged[LINK_TEXT];

	link_sign(secret, LINK_PREFERENCES, &id, 1000, text);
	cr_expect_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(text));
	cr_assert_eq(link_read(secret, LINK_PREFERENCES, str_of(text), 999, &read), LINK_GOOD);
	cr_expect(uuid_eq(&id, &read));
	cr_expect_eq(link_read(secret, LINK_PREFERENCES, str_of(text), 1000, &read), LINK_OVER);
	cr_expect_eq(link_read(other, LINK_PREFERENCES, str_of(text), 1, &read), LINK_FORGED);
	cr_expect_eq(link_read(secret, LINK_CONFIRM, str_of(text), 1, &read), LINK_FORGED, "for something else");
	for (size_t k = 0; k < strlen(text); k++) {
		memcpy(forged, text, sizeof text);
		forged[k] = forged[k] == 'A' ? 'B' : 'A';
		if (k + 1 == strlen(text) && link_read(secret, LINK_PREFERENCES, str_of(forged), 1, &read) == LINK_GOOD)
			continue; /* spare bits of the last letter */
		cr_expect_eq(link_read(secret, LINK_PREFERENCES, str_of(forged), 1, &read), LINK_FORGED, "letter %zu",
			     k);
	}
	cr_expect_eq(link_read(secret, LINK_PREFERENCES, str_n(text, 20), 1, &read), LINK_FORGED);
	cr_expect_eq(link_read(secret, LINK_PREFERENCES, STR(""), 1, &read), LINK_FORGED);
}
