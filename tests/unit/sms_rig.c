#include "unit/sms_rig.h"

void rig_open(struct rig *r, const char *more)
{
	struct settings *file;
	struct err err = {0};
	struct buf text;

	memset(r, 0, sizeof *r);
	smsc_open(&r->smsc);
	fake_host_init(&r->fake, "main");
	buf_init(&text, 4000);
	buf_addf(&text,
		 "[sms main]\nhost=127.0.0.1\nport=%d\nsystem_id=tester\npassword=secret\nsource_addr=12345\n"
		 "%s%s",
		 r->smsc.port, strstr(more, "reconnect_min") ? "" : "reconnect_min=100ms\nreconnect_max=1s\n", more);
	cr_assert_eq(settings_parse("test", str_of(buf_cstr(&text)), &file, &err), 0, "%s", err.msg);
	cr_assert_eq(settings_fill(file, settings_find(file, "sms", "main"), sms_channel.settings, &r->set, &err), 0,
		     "%s", err.msg);
	settings_free(&file);
	buf_free(&text);
	cr_assert_eq(sms_channel.open(&r->set, &r->fake.host, &r->account, &err), 0, "%s", err.msg);
}

void rig_step(struct rig *r)
{
	smsc_step(&r->smsc);
	loop_step(r->fake.host.loop, 1);
}

void rig_settle(struct rig *r)
{
	for (int i = 0; i < 30; i++)
		rig_step(r);
}

void rig_start(struct rig *r)
{
	sms_channel.start(r->account);
	until(r, fake_state(&r->fake) == ACCOUNT_UP);
}

struct delivery rig_delivery(struct rig *r, const char *text)
{
	struct delivery d = {.id = {.n = ++r->next},
			     .token = r->next,
			     .to = {.scheme = SCHEME_TEL},
			     .text = str_of(text),
			     .purpose = PURPOSE_SERVICE,
			     .receipt = true,
			     .options = STR("{}"),
			     .correlation = STR("c")};

	memcpy(d.to.value, "+491511234567", 14);
	d.id.message.b[0] = (uint8_t)(r->next >> 8);
	d.id.message.b[1] = (uint8_t)r->next;
	d.id.message.b[15] = 7;
	return d;
}

size_t rig_submit_as(struct rig *r, const struct delivery *d, size_t n) { return sms_channel.submit(r->account, d, n); }

size_t rig_submit(struct rig *r, size_t n, const char *text)
{
	size_t taken = 0;

	while (taken < n) {
		struct delivery d = rig_delivery(r, text);
		if (!rig_submit_as(r, &d, 1)) {
			r->next--;
			break;
		}
		taken++;
	}
	return taken;
}

void rig_stop(struct rig *r)
{
	if (fake_state(&r->fake) == ACCOUNT_CLOSED)
		return;
	sms_channel.stop(r->account, fake_clock() + US_SEC);
	rig_settle(r);
	fake_clock_add(2 * US_SEC);
	until(r, fake_state(&r->fake) == ACCOUNT_CLOSED);
}

void rig_close(struct rig *r)
{
	if (r->account) {
		rig_stop(r);
		sms_channel.close(&r->account);
	}
	cr_expect_eq(r->fake.outcomes_n, r->next, "%zu outcomes for %u deliveries", r->fake.outcomes_n, r->next);
	for (size_t i = 0; i < r->fake.outcomes_n; i++)
		for (size_t k = 0; k < i; k++)
			cr_expect_neq(r->fake.outcomes[i].token, r->fake.outcomes[k].token,
				      "two outcomes for one delivery");
	fake_host_free(&r->fake);
	smsc_close(&r->smsc);
	settings_release(sms_channel.settings, &r->set);
}
