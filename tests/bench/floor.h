/*
 * The bare steps of an outbound SMS with its receipt, each as little code as it can be: what no gateway can go below on
 * this machine with these libraries. Each prints one line of JSON with "us", CPU microseconds for each message.
 */
#pragma once
#include "kit.h"

/* libmicrohttpd takes a POST and answers 202 with a short JSON; until SIGTERM. */
void floor_http(int threads);
/* jansson parses the request of POST /v1/messages and writes the answer. */
void floor_json(long count);
/* SQLite: the whole life of a message, committed in groups of `batch`, synchronous=FULL. */
void floor_store(const char *path, long count, long batch);
/* A bare ESME: submit_sm out, submit_sm_resp in, receipt in, deliver_sm_resp out, over the loopback to a simulator. */
void floor_smpp(int port, long count, long window, bool receipts);

void floor_tell(const char *step, long count, double cpu_s, uint64_t ns);
