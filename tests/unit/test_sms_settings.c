#include <criterion/criterion.h>

#include "base/clock.h"
#include "sms/settings.h"

static int fill(const char *text, struct sms_settings *s, struct err *err)
{
	struct settings *file;
	int rc;

	if (settings_parse("test.conf", str_of(text), &file, err))
		return -1;
	rc = settings_fill(file, settings_find(file, "sms", "main"), sms_settings_table, s, err);
	settings_free(&file);
	return rc;
}

Test(sms_settings, defaults_are_usable)
{
	struct sms_settings s;
	struct err err;

	cr_assert_eq(fill("[sms main]\nhost = smsc.example\nsystem_id = me\n", &s, &err), 0, "%s", err.msg);
	cr_expect_eq(sms_settings_check(&s, &err), 0, "%s", err.msg);
	cr_expect_eq(s.port, 2775);
	cr_expect_eq(s.window, 10);
	cr_expect(s.tls_verify);
	cr_expect_eq(s.lost_service, SMS_LOST_RESEND);
	cr_expect_eq(s.lost_marketing, SMS_LOST_WAIT);
	cr_expect_eq(s.reconnect_max, 60 * US_SEC);
	cr_expect_eq(sms_settings_ton(s.source_ton), -1);
	settings_release(sms_settings_table, &s);
}

Test(sms_settings, words_become_numbers_of_the_standard)
{
	struct sms_settings s;
	struct err err;

	cr_assert_eq(
		fill("[sms "
		     "main]\nhost=h\nsystem_id=me\nsource_ton=alphanumeric\nsource_npi=wap\ndest_ton=international\n"
		     "dest_npi=isdn\nnational=tr,es\n",
		     &s, &err),
		0, "%s", err.msg);
	cr_expect_eq(sms_settings_ton(s.source_ton), 5);
	cr_expect_eq(sms_settings_npi(s.source_npi), 18);
	cr_expect_eq(sms_settings_ton(s.dest_ton), 1);
	cr_expect_eq(sms_settings_npi(s.dest_npi), 1);
	cr_expect_eq(sms_settings_check(&s, &err), 0);
	settings_release(sms_settings_table, &s);
}

Test(sms_settings, contradictions_name_their_key)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"reconnect_min=90s\n", "reconnect_max"},
		{"tls_cert=/x.pem\n", "tls_key"},
		{"national=tr, xx\n", "national"},
		{"receipt_time_zone=Europe/Berlin\n", "receipt_time_zone"},
		{"receipt_time_zone=+2:00\n", "receipt_time_zone"},
		{"receipt_time_zone=+15:00\n", "receipt_time_zone"},
		{"receipt_time_zone=+00:60\n", "receipt_time_zone"},
		{"service_type=toolong\n", "service_type"},
		{"password=0123456789abcdefg\n", "password"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sms_settings s;
		struct err err;
		struct buf text;
		buf_init(&text, 1000);
		buf_addf(&text, "[sms main]\nhost=h\nsystem_id=me\n%s", cases[i].text);
		cr_assert_eq(fill(buf_cstr(&text), &s, &err), 0, "%s", err.msg);
		cr_expect_eq(sms_settings_check(&s, &err), -1, "%s", cases[i].text);
		cr_expect_str_eq(err.field, cases[i].field);
		settings_release(sms_settings_table, &s);
		buf_free(&text);
	}
}

Test(sms_settings, zones_are_offsets)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {{"UTC", 0},
		     {"z", 0},
		     {"+02:00", 2 * US_HOUR},
		     {"-03:30", -(3 * US_HOUR + 30 * US_MIN)},
		     {"+14:00", 14 * US_HOUR}};
	int64_t us;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect(sms_settings_offset(cases[i].text, &us), "%s", cases[i].text);
		cr_expect_eq(us, cases[i].us, "%s", cases[i].text);
	}
}
