/*
 * A scripted SMSC for the tests of SMPP sessions: listens on a free port of 127.0.0.1, speaks raw bytes, and is driven
 * by the test (smsc_step), on the same thread as the adapter's loop. What it answers by itself is switched by fields.
 * It has its own few lines of SMPP so that nothing is tested against itself.
 */
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum { SMSC_CONNS = 4, SMSC_PDUS = 4096, SMSC_BODY = 400 };

struct smsc_pdu {
	int conn;
	uint32_t length, command, status, seq;
	uint8_t body[SMSC_BODY]; /* the beginning of it */
};

struct smsc_conn {
	int fd; /* -1: free */
	SSL *ssl;
	bool shaken;
	uint8_t in[1 << 17];
	size_t in_n;
	uint8_t out[1 << 17];
	size_t out_n;
};

struct smsc {
	int fd, port, accepted;
	struct smsc_conn conn[SMSC_CONNS];
	struct smsc_pdu *pdu; /* all that came in, in order */
	size_t pdus, ids;
	SSL_CTX *tls;
	uint32_t bind_status, submit_status; /* of the answers; submit_status_n times, then 0 */
	int submit_status_n;
	bool mute_bind, mute_submit, mute_enquire, mute_unbind, deaf; /* deaf: does not read */
	bool bytewise;						      /* writes one byte a step */
};

void smsc_open(struct smsc *s);
void smsc_close(struct smsc *s);
void smsc_stop_listening(struct smsc *s);
void smsc_step(struct smsc *s);
void smsc_drop(struct smsc *s, int conn); /* cuts the connection; -1: all */
void smsc_raw(struct smsc *s, int conn, const void *p, size_t n);
void smsc_send(struct smsc *s, int conn, uint32_t command, uint32_t status, uint32_t seq, const void *body, size_t n);
void smsc_accept_submit(struct smsc *s, const struct smsc_pdu *p, const char *id);
/* A deliver_sm with plain text (data_coding 0 unless given), esm_class as given. */
void smsc_deliver(struct smsc *s, int conn, uint32_t seq, const char *from, const char *to, uint8_t esm_class,
		  uint8_t data_coding, const void *text, size_t n);
size_t smsc_count(const struct smsc *s, uint32_t command);
/* The n-th (from 0) PDU of that command; NULL if there is none yet. */
const struct smsc_pdu *smsc_find(const struct smsc *s, uint32_t command, size_t n);
/* Makes a self-signed certificate for `name` in files (PEM) and serves with it. */
void smsc_use_tls(struct smsc *s, const char *name, const char *cert_file);
