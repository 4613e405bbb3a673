/*
 * The process around the gateway: signals, readiness, watchdog. Signals are blocked before any thread is made and taken
 * by the main thread alone, which does nothing else.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "gateway.h"

static void report(void *arg, const struct err *what)
{
	log_error("config.invalid", "file", (const char *)arg, "error", what->msg, LOG_END);
}

/* Blocks the signals that main takes, and lets a closed socket be an error code instead of a death. */
static void take_signals(sigset_t *set)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* A busy gateway gives memory back to the kernel and asks for it again thousands of times a second if it is let; each
 * time costs a system call and fresh pages. What it has needed once it keeps, up to the trim threshold. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 16 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

static void reload(struct gateway *g, const char *path)
{
	struct config *c;

	sd_notify(0, "RELOADING=1");
	if (config_load(path, report, (void *)(path ? path : ""), &c, NULL)) {
		log_error("config.kept", "reason", "the new configuration is wrong; the old one stays", LOG_END);
	} else {
		gateway_reload(g, c);
		config_free(&c);
		log_info("config.reloaded", LOG_END);
	}
	sd_notify(0, "READY=1");
}

/* Until SIGTERM or SIGINT. Feeds the watchdog at half the interval that systemd asks for. */
static void attend(struct gateway *g, const char *path, const sigset_t *set)
{
	uint64_t watchdog = 0;
	struct timespec wait = {.tv_sec = 3600};

	if (sd_watchdog_enabled(0, &watchdog) > 0) {
		wait.tv_sec = (time_t)(watchdog / 2 / US_SEC);
		wait.tv_nsec = (long)(watchdog / 2 % US_SEC) * 1000;
	}
	for (;;) {
		int sig = sigtimedwait(set, NULL, &wait);
		if (sig == SIGHUP)
			reload(g, path);
		else if (sig > 0)
			break;
		if (watchdog && gateway_alive(g))
			sd_notify(0, "WATCHDOG=1");
	}
}

static int serve(const char *path)
{
	struct gateway *g = NULL;
	struct config *c = NULL;
	struct err e = {0};
	sigset_t set;

	keep_memory();
	take_signals(&set);
	if (config_load(path, report, (void *)(path ? path : ""), &c, &e))
		return cli_fail("serve", &e);
	log_setup((enum log_level)c->log.level, c->log.format);
	if (gateway_start(c, &g, &e)) {
		log_error("gateway.not_started", "error", e.msg, LOG_END);
		config_free(&c);
		return CLI_FAILED;
	}
	log_info("gateway.ready", "config", path ? path : "defaults", LOG_END);
	sd_notifyf(0, "READY=1\nSTATUS=%zu channel accounts", c->accounts_n);
	attend(g, path, &set);
	log_info("gateway.stopping", LOG_END);
	sd_notify(0, "STOPPING=1");
	gateway_stop(&g);
	config_free(&c);
	log_info("gateway.stopped", LOG_END);
	return CLI_OK;
}

int cmd_serve(int argc, char **argv)
{
	static const struct usage usage = {"threadline serve", "",
					   "Runs the gateway in the foreground and logs to standard error. SIGHUP "
					   "reads the configuration again, SIGTERM\n"
					   "takes nothing more, finishes what is in flight and leaves with 0.",
					   0, 0};
	const char *named = NULL;
	const struct option_spec specs[] = {
		{"config", 'c', OPTION_TEXT, "FILE", &named, "configuration (see threadline check --sample)"},
		OPTION_END,
	};
	int r = options_parse(&usage, specs, &argc, argv);

	return r == OPTIONS_GO ? serve(cli_config_path(named)) : r;
}
