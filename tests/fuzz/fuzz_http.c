/*
 * The whole gateway behind its socket: any request, as bytes, is answered, never with 500, and what claims to be JSON is.
 *
 * An input is a request without its framing: "POST /v1/messages", header lines, an empty line, the body. The harness adds
 * key, host and length, and puts what exists in place of $C (customer), $M (message), $V (conversation), $T (visitor's
 * token). That way cursors, ids, JSON bodies, names of files, Last-Event-ID, If-Match, Idempotency-Key, forwarded
 * addresses, cookies and visitors' tokens are read as they are in service.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "gateway.h"
#include "http/keys.h"
#include "store/migrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS = 5000, PATIENCE_MS = 20000, ANSWER_MAX = 16 << 20 };

static struct {
	struct config *c;
	struct gateway *g;
	char dir[64], key[KEY_TEXT], customer[64], message[64], conversation[64], token[160];
	int port, runs;
} s;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_http: %s\n", what);
		abort();
	}
}

static void file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", s.dir, name);
	f = fopen(path, "we");
	must(f && fputs(text, f) >= 0 && fclose(f) == 0, "cannot write");
}

static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
		     getsockname(fd, (struct sockaddr *)&at, &len) == 0,
	     "no port");
	close(fd);
	return ntohs(at.sin_port);
}

/* ---- one request ---- */

static int connected(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)s.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger at_once = {.l_onoff = 1}; /* leaves no TIME_WAIT, of which there would be thousands */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	do
		r = connect(fd, (struct sockaddr *)&at, sizeof at);
	while (r && errno == EINTR); /* libFuzzer's clock */
	must(r == 0 || errno == EISCONN, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	return fd;
}

static void give(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* it may refuse before it has read all */
		bytes = str_n(bytes.p + n, bytes.n - (size_t)n);
	}
}

/* Until the end of the connection, or of a stream's head. */
static void take(int fd, struct buf *answer)
{
	char part[16384];
	ssize_t n;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int r = poll(&p, 1, PATIENCE_MS);
		if (r < 0 && errno == EINTR) /* libFuzzer's clock */
			continue;
		must(r > 0, "no answer");
		n = recv(fd, part, sizeof part, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return;
		buf_add(answer, part, (size_t)n);
		buf_cstr(answer);
		must(!answer->failed, "an endless answer");
		if (memmem(answer->p, answer->n, "text/event-stream", 17) &&
		    memmem(answer->p, answer->n, "\r\n\r\n", 4))
			return;
	}
}

/* line: the request line. Our headers come first: libmicrohttpd takes a header line that begins with NUL for the end. */
static struct str ask(struct str line, struct str head, struct str body, struct buf *answer)
{
	struct buf q;
	const char *end;
	int fd = connected();

	buf_init(&q, 1 << 20);
	buf_addstr(&q, line);
	buf_addf(&q, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n", body.n);
	buf_addstr(&q, head);
	buf_adds(&q, "\r\n");
	buf_addstr(&q, body);
	buf_reset(answer);
	if (!q.failed) {
		give(fd, buf_str(&q));
		take(fd, answer);
	}
	close(fd);
	buf_free(&q);
	end = answer->n ? memmem(answer->p, answer->n, "\r\n\r\n", 4) : NULL;
	return end ? str_n(end + 4, answer->n - (size_t)(end + 4 - answer->p)) : STR("");
}

/* ---- a gateway with something in it ---- */

/* The member `name` of the answer, or of the first of its data, to a request that must succeed. */
static void learn(const char *line, const char *bearer, const char *body, const char *name, char *out, size_t room)
{
	struct buf head, answer;
	json_t *doc = NULL, *o;
	const char *v;

	buf_init(&head, 4096);
	buf_init(&answer, ANSWER_MAX);
	buf_addf(&head, "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", bearer);
	must(json_read(ask(str_of(line), buf_str(&head), str_of(body), &answer), 32, &doc, NULL) == 0,
	     "the setup is not answered");
	o = json_array_get(json_object_get(doc, "data"), 0);
	v = json_string_value(json_object_get(o ? o : doc, name));
	must(v && strlen(v) < room, buf_cstr(&answer));
	memcpy(out, v, strlen(v) + 1);
	json_decref(doc);
	buf_free(&head);
	buf_free(&answer);
}

static void fill(void)
{
	char id[64];

	learn("POST /v1/customers", s.key, "{\"name\":\"Somebody\",\"external_id\":\"42\"}", "id", s.customer,
	      sizeof s.customer);
	learn("POST /v1/messages", s.key, "{\"to\":\"+491713920001\",\"text\":\"Hello\"}", "id", s.message,
	      sizeof s.message);
	learn("POST /web/site/session", "", "{}", "token", s.token, sizeof s.token);
	learn("POST /web/site/message", s.token, "{\"client_id\":\"12345678\",\"text\":\"Hi\"}", "id", id, sizeof id);
	learn("GET /v1/conversations", s.key, "", "id", s.conversation, sizeof s.conversation);
}

static void begin(void)
{
	char conf[1024], path[128];
	struct api_key k;
	struct db *db;
	int from, to;
	struct err e = {0};

	snprintf(s.dir, sizeof s.dir, "/dev/shm/threadline-fuzz-XXXXXX");
	must(mkdtemp(s.dir), "no folder");
	s.port = free_port();
	snprintf(conf, sizeof conf,
		 "[http]\nlisten = 127.0.0.1:%d\nthreads = 2\ntrusted_proxies = 127.0.0.1\n"
		 "[store]\ndsn = %s/t.db\n[log]\nlevel = error\n[outbound]\ndrain = 0s\n"
		 "[sms main]\nhost = 127.0.0.1\nport = 9\nsystem_id = x\npassword = y\nreconnect_min = 60s\n"
		 "[web site]\norigins = *\nidentity_secret = z\nmessages_per_minute = 0\nsessions_per_minute = 0\n",
		 s.port, s.dir);
	file("t.conf", conf);
	snprintf(path, sizeof path, "%s/t.conf", s.dir);
	must(config_load(path, NULL, NULL, &s.c, &e) == 0, e.msg);
	log_setup(LOG_ERROR_, false);
	must(db_open(s.c->store.dsn, DB_WRITE, &db, &e) == 0 && migrate_run(db, &from, &to, &e) == 0 &&
		     key_create(db, STR("fuzz"), ROLE_ADMIN, clock_now(), s.key, &k, &e) == 0,
	     e.msg);
	db_close(&db);
	must(gateway_start(s.c, &s.g, &e) == 0, e.msg);
	fill();
	s.runs = 0;
}

static int wipe(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void end(void)
{
	if (!s.g)
		return;
	gateway_stop(&s.g);
	config_free(&s.c);
	if (nftw(s.dir, wipe, 8, FTW_DEPTH | FTW_PHYS))
		perror(s.dir);
}

/* ---- an input ---- */

static bool is_framing(struct str line)
{
	static const char *const names[] = {
		"content-length:", "transfer-encoding:", "connection:", "expect:", "upgrade:", "host:"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (line.n >= strlen(names[i]) && str_ieq(str_n(line.p, strlen(names[i])), str_of(names[i])))
			return true;
	return line.n == 0 || line.p[0] == ' ' || line.p[0] == '\t';
}

/* What libmicrohttpd (0.9.75) itself makes of some request lines is no use to wait for. Hundreds of parameters exhaust the
 * memory of a connection, which is then closed without an answer after idle_timeout, as any slow client's. Behind a NUL it
 * reads nothing more: a long answer is cut off by the reset that the unread rest causes. */
static bool is_odd(struct str line)
{
	size_t parameters = 0, nul = 0;

	for (size_t i = 0; i < line.n; i++) {
		parameters += line.p[i] == '&';
		nul += line.p[i] == 0;
	}
	return parameters > 30 || nul;
}

/* Bytes with the names of what exists in their places. */
static void insert(struct buf *out, struct str in)
{
	for (size_t i = 0; i < in.n; i++) {
		char c = i + 1 < in.n && in.p[i] == '$' ? in.p[i + 1] : 0;
		const char *v = c == 'C'   ? s.customer
				: c == 'M' ? s.message
				: c == 'V' ? s.conversation
				: c == 'T' ? s.token
					   : NULL;
		if (v)
			buf_adds(out, v), i++;
		else
			buf_addc(out, in.p[i]);
	}
}

static struct str line_of(struct str *in)
{
	const char *nl = in->n ? memchr(in->p, '\n', in->n) : NULL;
	struct str line = str_n(in->p, nl ? (size_t)(nl - in->p) : in->n);

	*in = str_n(in->p + line.n + (nl != NULL), in->n - line.n - (nl != NULL));
	return line;
}

static void read_input(struct str in, struct buf *first, struct buf *head, struct buf *body)
{
	struct str line = line_of(&in);
	bool keyed = line.n > 9 && memmem(line.p, line.n, "/web/", 5);

	insert(first, line);
	while (in.n && (line = line_of(&in)).n) {
		if (is_framing(line))
			continue;
		keyed |= line.n > 13 && str_ieq(str_n(line.p, 13), STR("authorization"));
		insert(head, line);
		buf_adds(head, "\r\n");
	}
	if (!keyed)
		buf_addf(head, "Authorization: Bearer %s\r\n", s.key);
	insert(body, in);
}

static void judge(struct str answer, struct str body)
{
	json_t *doc = NULL;

	if (!answer.n)
		return; /* closed: not HTTP at all */
	must(answer.n > 12 && memcmp(answer.p, "HTTP/1.1 ", 9) == 0, "no status line");
	must(memcmp(answer.p + 9, "500", 3) != 0, answer.p);
	answer.n -= body.n;
	if (memmem(answer.p, answer.n, "json\r\n", 6) && !memmem(answer.p, answer.n, " 304 ", 5) && body.n) {
		doc = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		must(doc != NULL, answer.p);
		json_decref(doc);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool registered;
	struct buf line, head, body, answer;

	if (size < 5 || size > 65536)
		return 0;
	if (!s.g) {
		begin();
		if (!registered) /* after OpenSSL's own, so that ours comes before it */
			registered = atexit(end) == 0;
	}
	buf_init(&line, 1 << 18);
	buf_init(&head, 1 << 18);
	buf_init(&body, 1 << 18);
	buf_init(&answer, ANSWER_MAX);
	read_input(str_n((const char *)data, size), &line, &head, &body);
	if (!is_odd(buf_str(&line)) && !line.failed && !head.failed && !body.failed) {
		struct str answered = ask(buf_str(&line), buf_str(&head), buf_str(&body), &answer);
		judge(buf_str(&answer), answered);
	}
	buf_free(&line);
	buf_free(&head);
	buf_free(&body);
	buf_free(&answer);
	if (++s.runs >= RUNS)
		end();
	return 0;
}
