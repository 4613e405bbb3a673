/* An SMS account, a fake host and a scripted SMSC, stepped together. For the tests of SMPP sessions. */
#pragma once
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/err.h"
#include "contract/fake_host.h"
#include "sms/settings.h"
#include "sms/sms.h"
#include "unit/sms_smsc.h"

struct rig {
	struct smsc smsc;
	struct fake_host fake;
	struct sms_settings set;
	struct account *account;
	uint16_t next; /* number of the next delivery */
};

/* more: further lines of the account's section. */
void rig_open(struct rig *r, const char *more);
void rig_stop(struct rig *r);  /* to CLOSED, if it is not yet */
void rig_close(struct rig *r); /* stops what runs, and checks that every delivery has got its outcome */
void rig_start(struct rig *r); /* until UP */
void rig_step(struct rig *r);
/* n messages with this text; returns how many were taken. The token of each is its number. */
size_t rig_submit(struct rig *r, size_t n, const char *text);
size_t rig_submit_as(struct rig *r, const struct delivery *d, size_t n);
struct delivery rig_delivery(struct rig *r, const char *text);

/* Steps until cond holds; fails the test after some seconds of real time. */
#define until(r, cond)                                                                   \
	do {                                                                             \
		int64_t end_ = clock_mono() + 10 * US_SEC;                               \
		while (!(cond)) {                                                        \
			cr_assert(clock_mono() < end_, "waited in vain for: %s", #cond); \
			rig_step(r);                                                     \
		}                                                                        \
	} while (0)

/* Some rounds, in which something must not happen. */
void rig_settle(struct rig *r);

enum { BIND_RX = 1, BIND_TX = 2, SUBMIT = 4, DELIVER = 5, UNBIND = 6, BIND_TRX = 9, ENQUIRE = 0x15, DATA = 0x103 };
#define RESP 0x80000000u
#define NACK 0x80000000u
