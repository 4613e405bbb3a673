/*
 * The composition root: the parts of one running gateway, started in order, stopped in reverse.
 * Called from the main thread only.
 */
#pragma once
#include "config.h"

struct gateway;

/* c must outlive the gateway. On error what was started has been stopped again. */
int gateway_start(const struct config *c, struct gateway **out, struct err *err);
/* Takes over what SIGHUP can change; says in the log what it cannot. */
void gateway_reload(struct gateway *g, const struct config *c);
/* Whether the parts still do their work: the watchdog is fed only then. */
bool gateway_alive(struct gateway *g);
/* Takes nothing more in, finishes what is in flight (at most [outbound] drain), closes everything. */
void gateway_stop(struct gateway **g);
