/* Binds, losses, time-outs and hostile peers. */
#include <unistd.h>

#include "unit/sms_rig.h"

Test(sms_link, binds_and_tells)
{
	struct rig r;
	const struct smsc_pdu *b;

	rig_open(&r, "system_type=VMA\n");
	rig_start(&r);
	b = smsc_find(&r.smsc, BIND_TRX, 0);
	cr_assert_not_null(b);
	cr_expect_eq(memcmp(b->body, "tester\0secret\0VMA\0\x34\0\0\0", 22), 0);
	cr_expect_eq(b->length, 16 + 22);
	cr_expect_eq(r.fake.states[0].state, ACCOUNT_CONNECTING);
	fake_clock_add(US_SEC);
	until(&r, fake_counted(&r.fake, "smpp_links_bound", NULL) == 1);
	rig_stop(&r);
	cr_expect_eq(smsc_count(&r.smsc, UNBIND), 1);
	rig_close(&r);
}

Test(sms_link, a_refused_bind_shows_its_reason_and_is_tried_again)
{
	struct rig r;
	char want[80];

	rig_open(&r, "");
	r.smsc.bind_status = 0x0E;
	sms_channel.start(r.account);
	until(&r, fake_state(&r.fake) == ACCOUNT_REFUSED);
	snprintf(want, sizeof want, "ESME_RINVPASWD from 127.0.0.1:%d", r.smsc.port);
	cr_expect_str_eq(fake_reason(&r.fake), want);
	rig_settle(&r);
	cr_expect_eq(r.smsc.accepted, 1, "it must wait before it tries again");
	r.smsc.bind_status = 0;
	fake_clock_add(US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_UP);
	cr_expect_str_eq(fake_reason(&r.fake), "");
	rig_close(&r);
}

Test(sms_link, the_pause_between_tries_grows)
{
	struct rig r;
	int last;

	rig_open(&r, "reconnect_min=1s\nreconnect_max=8s\n");
	r.smsc.bind_status = 0x0D;
	sms_channel.start(r.account);
	for (int i = 0; i < 5; i++) {
		until(&r, r.smsc.accepted == i + 1);
		until(&r, smsc_count(&r.smsc, BIND_TRX) == (size_t)i + 1);
		rig_settle(&r);
		fake_clock_add((US_SEC << (i < 3 ? i : 3)) / 2 -
			       10 * US_MS); /* at least half of the pause is certain */
		rig_settle(&r);
		cr_assert_eq(r.smsc.accepted, i + 1, "try %d came too early", i + 2);
		fake_clock_add((US_SEC << (i < 3 ? i : 3)) / 2 + 20 * US_MS);
	}
	last = r.smsc.accepted;
	until(&r, r.smsc.accepted > last);
	rig_close(&r);
}

Test(sms_link, a_lost_connection_is_told_and_mended)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	smsc_drop(&r.smsc, -1);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	cr_expect_not_null(strstr(fake_reason(&r.fake), "closed at 127.0.0.1:"), "%s", fake_reason(&r.fake));
	fake_clock_add(US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_UP);
	rig_close(&r);
}

Test(sms_link, a_standby_takes_over)
{
	struct rig r;
	struct smsc other;
	char more[80];

	smsc_open(&other);
	snprintf(more, sizeof more, "standby=127.0.0.1:%d\n", other.port);
	rig_open(&r, more);
	smsc_stop_listening(&r.smsc);
	sms_channel.start(r.account);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	fake_clock_add(US_SEC);
	until(&r, (smsc_step(&other), fake_state(&r.fake) == ACCOUNT_UP));
	cr_expect_eq(smsc_count(&other, BIND_TRX), 1);
	smsc_close(&other);
	rig_close(&r);
}

Test(sms_link, a_name_is_looked_up_beside_the_loop)
{
	struct rig r;

	rig_open(&r, "");
	free(r.set.host);
	r.set.host = strdup("localhost");
	sms_channel.close(&r.account);
	cr_assert_eq(sms_channel.open(&r.set, &r.fake.host, &r.account, NULL), 0);
	rig_start(&r);
	rig_close(&r);
}

Test(sms_link, closing_during_a_look_up_is_safe)
{
	struct rig r;

	rig_open(&r, "");
	free(r.set.host);
	r.set.host = strdup("no-such-host.invalid");
	sms_channel.close(&r.account);
	cr_assert_eq(sms_channel.open(&r.set, &r.fake.host, &r.account, NULL), 0);
	sms_channel.start(r.account);
	rig_step(&r);
	rig_close(&r);
}

Test(sms_link, split_binds_are_two_and_both_end)
{
	struct rig r;

	rig_open(&r, "bind=split\n");
	rig_start(&r);
	until(&r, smsc_count(&r.smsc, BIND_TX) == 1 && smsc_count(&r.smsc, BIND_RX) == 1);
	until(&r, *fake_reason(&r.fake) == 0);
	cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(smsc_find(&r.smsc, SUBMIT, 0)->conn, smsc_find(&r.smsc, BIND_TX, 0)->conn);
	rig_stop(&r);
	cr_expect_eq(smsc_count(&r.smsc, UNBIND), 2);
	rig_close(&r);
}

Test(sms_link, the_state_tells_how_many_binds_are_up)
{
	struct rig r;

	rig_open(&r, "binds=2\n");
	rig_start(&r);
	until(&r, smsc_count(&r.smsc, BIND_TRX) == 2 && *fake_reason(&r.fake) == 0);
	r.smsc.bind_status = 0x05;
	smsc_drop(&r.smsc, 0);
	until(&r, *fake_reason(&r.fake));
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	fake_clock_add(US_SEC);
	until(&r, strstr(fake_reason(&r.fake), "1 of 2 binds; ESME_RALYBND"));
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	rig_close(&r);
}

Test(sms_link, enquires_when_idle_and_gives_up_without_answer)
{
	struct rig r;

	rig_open(&r, "enquire_link=10s\nresponse_timeout=2s\n");
	rig_start(&r);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, ENQUIRE), 0);
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, ENQUIRE) == 1);
	rig_settle(&r);
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	r.smsc.mute_enquire = true;
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, ENQUIRE) == 2);
	fake_clock_add(3 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	cr_expect_not_null(strstr(fake_reason(&r.fake), "no answer to enquire_link"));
	rig_close(&r);
}

Test(sms_link, answers_enquire_link_and_unbind)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	smsc_send(&r.smsc, 0, ENQUIRE, 0, 77, "", 0);
	until(&r, smsc_count(&r.smsc, RESP | ENQUIRE) == 1);
	cr_expect_eq(smsc_find(&r.smsc, RESP | ENQUIRE, 0)->seq, 77);
	smsc_send(&r.smsc, 0, UNBIND, 0, 78, "", 0);
	until(&r, smsc_count(&r.smsc, RESP | UNBIND) == 1);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	rig_close(&r);
}

Test(sms_link, nothing_received_for_too_long_ends_a_link)
{
	struct rig r;

	rig_open(&r, "enquire_link=0\ninactivity_timeout=5s\n");
	rig_start(&r);
	fake_clock_add(6 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	rig_close(&r);
}

Test(sms_link, a_bind_without_answer_times_out)
{
	struct rig r;

	rig_open(&r, "bind_timeout=3s\n");
	r.smsc.mute_bind = true;
	sms_channel.start(r.account);
	until(&r, smsc_count(&r.smsc, BIND_TRX) == 1);
	fake_clock_add(4 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	cr_expect_not_null(strstr(fake_reason(&r.fake), "no answer to the bind"));
	rig_close(&r);
}

Test(sms_link, bytes_may_come_one_by_one)
{
	struct rig r;

	rig_open(&r, "");
	r.smsc.bytewise = true;
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 3, "hello"), 3);
	until(&r, r.fake.outcomes_n == 3);
	cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_SENT), 3);
	smsc_deliver(&r.smsc, 0, 5, "491511", "12345", 0, 0, "hi", 2);
	until(&r, smsc_count(&r.smsc, RESP | DELIVER) == 1);
	cr_expect_str_eq(r.fake.inbound[0].text, "hi");
	rig_close(&r);
}

Test(sms_link, garbage_closes_the_connection_and_nothing_else)
{
	static const struct {
		const char *label, *bytes;
		size_t n;
	} cases[] = {
		{"zero length", "\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\1", 16},
		{"length below the header", "\0\0\0\17\0\0\0\5\0\0\0\0\0\0\0\1", 16},
		{"huge length", "\377\377\377\377\0\0\0\5\0\0\0\0\0\0\0\1", 16},
		{"length just over the bound", "\0\3\0\0\0\0\0\5\0\0\0\0\0\0\0\1", 16},
		{"text", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		rig_open(&r, "");
		rig_start(&r);
		smsc_raw(&r.smsc, 0, cases[i].bytes, cases[i].n);
		until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
		until(&r, smsc_count(&r.smsc, NACK) == 1);
		fake_clock_add(US_SEC);
		until(&r, fake_state(&r.fake) == ACCOUNT_UP);
		cr_expect(fake_counted(&r.fake, "smpp_bad_pdus_total", NULL) == 1, "%s", cases[i].label);
		rig_close(&r);
	}
}

Test(sms_link, unknown_requests_get_a_nack_and_the_session_goes_on)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	smsc_send(&r.smsc, 0, 0x00000777, 0, 9, "abc", 3);
	smsc_send(&r.smsc, 0, 0x80000777, 0, 10, "", 0);
	smsc_send(&r.smsc, 0, RESP | SUBMIT, 0, 4711, "x", 2);
	smsc_send(&r.smsc, 0, 0x00000102, 0, 12, "", 0); /* alert_notification: no answer */
	smsc_send(&r.smsc, 0, ENQUIRE, 0, 11, "", 0);
	until(&r, smsc_count(&r.smsc, RESP | ENQUIRE) == 1);
	cr_expect_eq(smsc_count(&r.smsc, NACK), 1);
	cr_expect_eq(smsc_find(&r.smsc, NACK, 0)->seq, 9);
	cr_expect_eq(smsc_find(&r.smsc, NACK, 0)->status, 3);
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	fake_clock_add(US_SEC);
	until(&r, fake_counted(&r.fake, "smpp_late_answers_total", NULL) == 1);
	rig_close(&r);
}

Test(sms_link, a_peer_that_does_not_read_is_left)
{
	struct rig r;

	rig_open(&r, "enquire_link=5s\nresponse_timeout=2s\n");
	rig_start(&r);
	for (uint32_t i = 0; i < 3000; i++)
		smsc_send(&r.smsc, 0, ENQUIRE, 0, i + 1, "", 0);
	until(&r, r.smsc.conn[0].out_n == 0);
	r.smsc.deaf = true;
	rig_settle(&r);
	fake_clock_add(6 * US_SEC);
	rig_settle(&r);
	fake_clock_add(3 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	rig_close(&r);
}

static void tls_case(const char *cert_name, const char *more, const char *failure)
{
	struct rig r;
	char file[] = "/tmp/sms_link_certXXXXXX", text[400];
	int fd = mkstemp(file);

	cr_assert(fd >= 0);
	close(fd);
	snprintf(text, sizeof text, "tls=yes\n%s%s%s", more[0] == '!' ? "" : "tls_ca=", more[0] == '!' ? "" : file,
		 more[0] == '!' ? more + 1 : more);
	{
		struct smsc maker;
		smsc_open(&maker);
		smsc_use_tls(&maker, cert_name, file);
		rig_open(&r, text);
		r.smsc.tls = maker.tls;
		maker.tls = NULL;
		smsc_close(&maker);
	}
	sms_channel.start(r.account);
	if (failure) {
		until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
		cr_expect_not_null(strstr(fake_reason(&r.fake), failure), "%s", fake_reason(&r.fake));
		cr_expect_eq(smsc_count(&r.smsc, BIND_TRX), 0, "the password must not have been sent");
	} else {
		until(&r, fake_state(&r.fake) == ACCOUNT_UP);
		r.smsc.bytewise = false;
		cr_assert_eq(rig_submit(&r, 5, "hello"), 5);
		until(&r, r.fake.outcomes_n == 5);
		cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_SENT), 5);
		for (uint32_t i = 0; i < 300; i++)
			smsc_deliver(&r.smsc, 0, 10 + i, "491511", "12345", 0, 0, "hi there", 8);
		until(&r, smsc_count(&r.smsc, RESP | DELIVER) == 300);
	}
	rig_close(&r);
	unlink(file);
}

Test(sms_link, tls_with_a_trusted_certificate) { tls_case("127.0.0.1", "\n", NULL); }
Test(sms_link, tls_refuses_another_name) { tls_case("smsc.example", "\n", "certificate refused"); }
Test(sms_link, tls_refuses_an_unknown_authority) { tls_case("127.0.0.1", "!", "certificate refused"); }
Test(sms_link, tls_verification_can_be_turned_off) { tls_case("smsc.example", "!tls_verify=no\n", NULL); }
Test(sms_link, tls_name_may_be_given) { tls_case("smsc.example", "\ntls_name=smsc.example\n", NULL); }

static bool answered(const struct smsc *s, uint32_t command, uint32_t seq)
{
	for (size_t i = 0; i < s->pdus && i < SMSC_PDUS; i++)
		if (s->pdu[i].command == command && s->pdu[i].seq == seq)
			return true;
	return false;
}

/* Whole PDUs of every command with bodies of chance: each is answered or ignored, and the link lives on. */
Test(sms_link, bodies_of_chance_do_not_hurt)
{
	static const uint32_t commands[] = {
		0x80000000, 0x80000001, 0x80000002, 3,	  0x80000003, 4,    0x80000004, 5,     0x80000005, 7,	      8,
		9,	    0x80000009, 0xB,	    0x15, 0x80000015, 0x21, 0x102,	0x103, 0x80000103, 0x7FFFFFFF};
	struct rig r;
	uint32_t dice = 12345;

	rig_open(&r, "");
	rig_start(&r);
	for (uint32_t i = 0; i < 3000; i++) {
		uint8_t body[64];
		size_t n;
		for (size_t k = 0; k < sizeof body; k++) {
			dice = dice * 1664525u + 1013904223u;
			body[k] = dice & 0x1000000 ? 0 : (uint8_t)(dice >> 24);
		}
		n = dice >> 8 & 63;
		smsc_send(&r.smsc, 0, commands[i % (sizeof commands / sizeof *commands)], dice & 0x100 ? 0 : dice >> 20,
			  i + 1000, body, n);
		if (i % 50 == 0)
			until(&r, r.smsc.conn[0].out_n == 0);
	}
	smsc_send(&r.smsc, 0, ENQUIRE, 0, 99, "", 0);
	until(&r, answered(&r.smsc, RESP | ENQUIRE, 99));
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	rig_close(&r);
}
