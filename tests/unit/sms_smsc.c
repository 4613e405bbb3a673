#include "unit/sms_smsc.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

void smsc_open(struct smsc *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	memset(s, 0, sizeof *s);
	for (int i = 0; i < SMSC_CONNS; i++)
		s->conn[i].fd = -1;
	s->pdu = calloc(SMSC_PDUS, sizeof *s->pdu);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert(s->pdu && s->fd >= 0);
	cr_assert_eq(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
	cr_assert_eq(listen(s->fd, 8), 0);
	cr_assert_eq(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
}

void smsc_stop_listening(struct smsc *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void smsc_drop(struct smsc *s, int conn)
{
	for (int i = 0; i < SMSC_CONNS; i++) {
		struct smsc_conn *c = &s->conn[i];
		if (c->fd < 0 || (conn >= 0 && conn != i))
			continue;
		SSL_free(c->ssl);
		close(c->fd);
		c->fd = -1;
		c->ssl = NULL;
		c->in_n = c->out_n = 0;
	}
}

void smsc_close(struct smsc *s)
{
	smsc_drop(s, -1);
	smsc_stop_listening(s);
	SSL_CTX_free(s->tls);
	free(s->pdu);
}

void smsc_raw(struct smsc *s, int conn, const void *p, size_t n)
{
	struct smsc_conn *c = &s->conn[conn];

	cr_assert(c->fd >= 0 && c->out_n + n <= sizeof c->out);
	memcpy(c->out + c->out_n, p, n);
	c->out_n += n;
}

void smsc_send(struct smsc *s, int conn, uint32_t command, uint32_t status, uint32_t seq, const void *body, size_t n)
{
	uint8_t head[16];

	put_u32(head, (uint32_t)(16 + n));
	put_u32(head + 4, command);
	put_u32(head + 8, status);
	put_u32(head + 12, seq);
	smsc_raw(s, conn, head, sizeof head);
	smsc_raw(s, conn, body, n);
}

void smsc_accept_submit(struct smsc *s, const struct smsc_pdu *p, const char *id)
{
	smsc_send(s, p->conn, 0x80000004, 0, p->seq, id, strlen(id) + 1);
}

void smsc_deliver(struct smsc *s, int conn, uint32_t seq, const char *from, const char *to, uint8_t esm_class,
		  uint8_t data_coding, const void *text, size_t n)
{
	uint8_t b[400];
	size_t at = 0, fn = strlen(from) + 1, tn = strlen(to) + 1;

	b[at++] = 0; /* service_type */
	b[at++] = 1;
	b[at++] = 1;
	memcpy(b + at, from, fn);
	at += fn;
	b[at++] = 1;
	b[at++] = 1;
	memcpy(b + at, to, tn);
	at += tn;
	b[at++] = esm_class;
	memset(b + at, 0, 6); /* protocol_id, priority, schedule, validity, registered, replace */
	at += 6;
	b[at++] = data_coding;
	b[at++] = 0;
	b[at++] = (uint8_t)n;
	memcpy(b + at, text, n);
	smsc_send(s, conn, 0x00000005, 0, seq, b, at + n);
}

static void answer(struct smsc *s, const struct smsc_pdu *p)
{
	char id[24];

	switch (p->command) {
	case 0x00000001:
	case 0x00000002:
	case 0x00000009:
		if (!s->mute_bind)
			smsc_send(s, p->conn, p->command | 0x80000000u, s->bind_status, p->seq, "test", 5);
		break;
	case 0x00000004:
		if (s->mute_submit)
			break;
		if (s->submit_status_n > 0) {
			s->submit_status_n--;
			smsc_send(s, p->conn, 0x80000004, s->submit_status, p->seq, "", 0);
			break;
		}
		snprintf(id, sizeof id, "id%zu", ++s->ids);
		smsc_accept_submit(s, p, id);
		break;
	case 0x00000015:
		if (!s->mute_enquire)
			smsc_send(s, p->conn, 0x80000015, 0, p->seq, "", 0);
		break;
	case 0x00000006:
		if (!s->mute_unbind)
			smsc_send(s, p->conn, 0x80000006, 0, p->seq, "", 0);
		break;
	default: break;
	}
}

static void handle(struct smsc *s, int conn)
{
	struct smsc_conn *c = &s->conn[conn];
	size_t at = 0;

	while (c->in_n - at >= 16) {
		uint32_t n = get_u32(c->in + at), body;
		struct smsc_pdu *p = &s->pdu[s->pdus % SMSC_PDUS];
		cr_assert(n >= 16 && n < sizeof c->in, "the adapter wrote a PDU of length %u", n);
		if (c->in_n - at < n)
			break;
		*p = (struct smsc_pdu){
			conn, n, get_u32(c->in + at + 4), get_u32(c->in + at + 8), get_u32(c->in + at + 12), {0}};
		body = n - 16 < SMSC_BODY ? n - 16 : SMSC_BODY;
		memcpy(p->body, c->in + at + 16, body);
		at += n;
		s->pdus++;
		answer(s, p);
	}
	memmove(c->in, c->in + at, c->in_n - at);
	c->in_n -= at;
}

static void greet(struct smsc *s)
{
	int one = 1, fd = s->fd < 0 ? -1 : accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < SMSC_CONNS; i++)
		if (s->conn[i].fd < 0) {
			s->conn[i].fd = fd;
			s->conn[i].shaken = false;
			s->accepted++;
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
			if (s->tls) {
				s->conn[i].ssl = SSL_new(s->tls);
				SSL_set_fd(s->conn[i].ssl, fd);
				SSL_set_accept_state(s->conn[i].ssl);
			}
			return;
		}
	close(fd);
}

/* Positive: bytes; 0: closed; negative: nothing now. */
static int transfer(struct smsc_conn *c, bool out, void *p, size_t n)
{
	int rc, e;

	if (!c->ssl) {
		ssize_t got = out ? send(c->fd, p, n, MSG_NOSIGNAL) : recv(c->fd, p, n, 0);
		return got >= 0 ? (int)got : errno == EAGAIN ? -1 : 0;
	}
	ERR_clear_error();
	rc = out ? SSL_write(c->ssl, p, (int)n) : SSL_read(c->ssl, p, (int)n);
	if (rc > 0)
		return rc;
	e = SSL_get_error(c->ssl, rc);
	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

void smsc_step(struct smsc *s)
{
	greet(s);
	for (int i = 0; i < SMSC_CONNS; i++) {
		struct smsc_conn *c = &s->conn[i];
		int n;
		if (c->fd < 0)
			continue;
		if (!s->deaf && c->in_n < sizeof c->in) {
			n = transfer(c, false, c->in + c->in_n, sizeof c->in - c->in_n);
			if (n == 0) {
				smsc_drop(s, i);
				continue;
			}
			c->in_n += n > 0 ? (size_t)n : 0;
			handle(s, i);
		}
		if (c->out_n && (n = transfer(c, true, c->out, s->bytewise ? 1 : c->out_n)) > 0) {
			c->out_n -= (size_t)n;
			memmove(c->out, c->out + n, c->out_n);
		}
	}
}

size_t smsc_count(const struct smsc *s, uint32_t command)
{
	size_t n = 0;

	for (size_t i = 0; i < s->pdus && i < SMSC_PDUS; i++)
		n += s->pdu[i].command == command;
	return n;
}

const struct smsc_pdu *smsc_find(const struct smsc *s, uint32_t command, size_t n)
{
	for (size_t i = 0; i < s->pdus && i < SMSC_PDUS; i++)
		if (s->pdu[i].command == command && n-- == 0)
			return &s->pdu[i];
	return NULL;
}

void smsc_use_tls(struct smsc *s, const char *name, const char *cert_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *n = X509_get_subject_name(x);
	char san[100];
	X509_EXTENSION *e;
	FILE *f = fopen(cert_file, "w");

	cr_assert(key && x && f);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, n);
	snprintf(san, sizeof san, "%s:%s", inet_addr(name) == INADDR_NONE ? "DNS" : "IP", name);
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	cr_assert(e && X509_add_ext(x, e, -1) && X509_sign(x, key, EVP_sha256()));
	X509_EXTENSION_free(e);
	PEM_write_X509(f, x);
	fclose(f);
	s->tls = SSL_CTX_new(TLS_server_method());
	cr_assert(s->tls && SSL_CTX_use_certificate(s->tls, x) == 1 && SSL_CTX_use_PrivateKey(s->tls, key) == 1);
	X509_free(x);
	EVP_PKEY_free(key);
}
