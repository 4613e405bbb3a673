/*
 * What the load tools share: clock, sockets on the loopback address, latency histogram, set of hashes, time stamps in
 * texts, lines of JSON on standard output. The tools are programs of one thread; an impossible system call ends them.
 *
 * Time stamps: the tools write "T<CLOCK_MONOTONIC ns>." into texts, so that the far end (same machine) knows how long
 * the text was on its way.
 */
#pragma once
#include <stdio.h>

#include "base/str.h"

uint64_t kit_now(void); /* CLOCK_MONOTONIC, ns: the clock of all figures, and of Node's process.hrtime */
double kit_cpu(void);	/* CPU seconds of this process so far */
_Noreturn void kit_die(const char *what);
_Noreturn void kit_usage(const char *text);
void *kit_alloc(size_t n); /* zeroed */
long kit_long(const char *option, const char *text, long min, long max);
double kit_real(const char *option, const char *text);

void kit_raise_files(void);	       /* as many open files as the system lets us */
int kit_stop_fd(void);		       /* becomes readable at SIGTERM or SIGINT; ignores SIGPIPE */
int kit_listen(int port, int *bound);  /* 127.0.0.1, non-blocking; port 0: any */
int kit_accept(int fd);		       /* non-blocking, no delay; -1 when there is none */
int kit_connect(int port, int source); /* blocks until connected, then non-blocking; source: last byte of 127.0.0.x */
void kit_watch(int ep, int op, int fd, uint32_t events, void *who);

/* Reads what is there into b: 1 something, 0 nothing now, -1 closed. */
int kit_read(int fd, struct buf *b);
/* Writes what b holds: 1 all, 0 would block, -1 closed. */
int kit_write(int fd, struct buf *b);

/* The first stamp in the text, 0 if none. */
uint64_t kit_stamp(struct str text);

/* Histogram of durations in ns: 32 steps for each power of two, about 3 % wide. */
enum { HIST_STEPS = 32 };
struct hist {
	uint64_t n, max;
	uint64_t bin[64 * HIST_STEPS];
};
void hist_add(struct hist *h, uint64_t v);
double hist_ms(const struct hist *h, double percent); /* milliseconds */

/* A set of 64-bit hashes. Starts zeroed. */
struct set {
	uint64_t *slot;
	size_t cap, n;
};
bool set_add(struct set *s, uint64_t key); /* true: was not in it */
uint64_t hash_of(uint64_t seed, const void *p, size_t n);
uint64_t kit_random(uint64_t *state);
bool kit_chance(uint64_t *state, double p);

/* One line of JSON: kit_line opens it, kit_say closes and prints it. */
void kit_line(struct buf *b, const char *event);
void kit_count(struct buf *b, const char *key, uint64_t v);
void kit_number(struct buf *b, const char *key, double v);
void kit_latency(struct buf *b, const char *prefix, const struct hist *h); /* PREFIX_n, _p50_ms, _p99_ms, _max_ms */
void kit_say(struct buf *b);
