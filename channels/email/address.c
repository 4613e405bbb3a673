#include "email/address.h"

#include <idn2.h>
#include <stdio.h>

#include "base/settings.h"
#include "model/mailbox.h"

static int invalid(struct err *err)
{
	return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL, "that is not a mail address");
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

int email_to_ascii(const char *mailbox, char *out, size_t max, struct err *err)
{
	const char *at = strrchr(mailbox, '@');
	uint8_t *domain = NULL;
	int n;

	if (!at)
		return invalid(err);
	if (is_ascii(at)) {
		n = snprintf(out, max, "%s", mailbox);
	} else {
		if (idn2_lookup_u8((const uint8_t *)at + 1, &domain, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return err_set(err, ERR_SEMANTIC, "mailbox_invalid", NULL,
				       "the domain is no international domain name");
		n = snprintf(out, max, "%.*s@%s", (int)(at - mailbox), mailbox, (char *)domain);
		idn2_free(domain);
	}
	return n < 0 || (size_t)n >= max ? invalid(err) : 0;
}

/* Quotes and their backslashes taken off. */
static void copy_name(struct str s, char out[256])
{
	bool quoted = s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
	size_t n = 0;

	if (quoted)
		s = str_n(s.p + 1, s.n - 2);
	for (size_t i = 0; i < s.n && n < 255; i++) {
		if (quoted && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	out[n] = 0;
}

int email_sender_parse(struct str text, char name[256], char mailbox[ADDRESS_MAX + 1], struct err *err)
{
	char given[ADDRESS_MAX + 1];
	struct buf b = {.p = given, .cap = sizeof given, .max = sizeof given - 1};
	struct str box;
	size_t lt = 0;

	text = str_trim(text);
	box = text;
	if (text.n && text.p[text.n - 1] == '>') {
		for (lt = text.n; lt > 0 && text.p[lt - 1] != '<';)
			lt--;
		if (lt == 0)
			return invalid(err);
		box = str_n(text.p + lt, text.n - lt - 1);
		if (str_trim(str_n(text.p, lt - 1)).n)
			copy_name(str_trim(str_n(text.p, lt - 1)), name);
	}
	if (mailbox_normalise(box, &b, err))
		return -1;
	given[b.n] = 0;
	return email_to_ascii(given, mailbox, ADDRESS_MAX + 1, err); /* NOLINT(readability-suspicious-call-argument) */
}

bool email_domain_is_ours(const char *own, const char *list, const char *domain)
{
	struct str item, d = str_of(domain);
	size_t pos = 0;

	if (str_ieq(d, str_of(own)))
		return true;
	while (list && settings_list_next(list, &pos, &item))
		if (str_ieq(item, d))
			return true;
	return false;
}
