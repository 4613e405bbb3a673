#include "unit/email_smarthost.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

void smarthost_open(struct smarthost *h)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	*h = (struct smarthost){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	cr_assert_geq(h->fd, 0);
	cr_assert_eq(bind(h->fd, (struct sockaddr *)&a, n), 0);
	cr_assert_eq(listen(h->fd, 64), 0);
	cr_assert_eq(getsockname(h->fd, (struct sockaddr *)&a, &n), 0);
	h->port = ntohs(a.sin_port);
}

static void drop(struct smarthost *h, int k)
{
	close(h->at[k]->fd);
	free(h->at[k]);
	h->at[k] = NULL;
}

void smarthost_cut(struct smarthost *h)
{
	for (int k = 0; k < SMARTHOST_CONNECTIONS; k++)
		if (h->at[k])
			drop(h, k);
}

void smarthost_close(struct smarthost *h)
{
	smarthost_cut(h);
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

/* false: the connection was broken off. */
static bool say(struct smarthost *h, int k, const char *text, const char *otherwise)
{
	char line[512];
	int n;

	text = text ? text : otherwise;
	if (strcmp(text, "-") == 0)
		return true;
	if (!*text) {
		drop(h, k);
		return false;
	}
	n = snprintf(line, sizeof line, "%s\r\n", text);
	if (send(h->at[k]->fd, line, (size_t)n, MSG_NOSIGNAL) == n)
		return true;
	drop(h, k);
	return false;
}

static void take_connections(struct smarthost *h)
{
	for (;;) {
		int fd = accept4(h->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), k = 0;
		if (fd < 0)
			return;
		while (k < SMARTHOST_CONNECTIONS && h->at[k])
			k++;
		cr_assert_lt(k, SMARTHOST_CONNECTIONS);
		h->at[k] = calloc(1, sizeof *h->at[k]);
		cr_assert(h->at[k]);
		h->at[k]->fd = fd;
		h->connections++;
		say(h, k, h->greeting, "220 smarthost.test ESMTP");
	}
}

static bool is(const char *line, const char *verb) { return strncasecmp(line, verb, strlen(verb)) == 0; }

static void keep(char to[256], const char *line)
{
	const char *open = strchr(line, '<'), *end = open ? strchr(open, '>') : NULL;
	size_t n = end ? (size_t)(end - open) - 1 : 0;

	memcpy(to, open ? open + 1 : "", n < 255 ? n : 255);
	to[n < 255 ? n : 255] = 0;
}

static bool command(struct smarthost *h, int k, const char *line)
{
	const char *once = h->rcpt_once;

	if (is(line, "EHLO"))
		return say(h, k, NULL,
			   h->plain ? "250-smarthost.test\r\n250 SIZE 1000000"
				    : "250-smarthost.test\r\n250-SIZE 1000000\r\n250-PIPELINING\r\n250 SMTPUTF8");
	if (is(line, "RSET")) {
		h->resets++;
		return say(h, k, NULL, "250 2.0.0 Ok");
	}
	if (is(line, "MAIL")) {
		keep(h->from, line);
		return say(h, k, h->mail, "250 2.1.0 Ok");
	}
	if (is(line, "RCPT")) {
		keep(h->to, line);
		h->rcpt_once = NULL;
		if (h->nobody && strcmp(h->to, h->nobody) == 0)
			return say(h, k, NULL, "550 5.1.1 no such user");
		return say(h, k, once ? once : h->rcpt, "250 2.1.5 Ok");
	}
	if (is(line, "DATA")) {
		h->at[k]->data = !h->data || h->data[0] == '3';
		return say(h, k, h->data, "354 go on");
	}
	if (is(line, "QUIT")) {
		h->quits++;
		drop(h, k);
		return false;
	}
	return say(h, k, NULL, "502 5.5.2 what?");
}

/* One command or one whole mail; false: there is none, or the connection is gone. */
static bool next(struct smarthost *h, int k)
{
	struct smarthost_connection *c = h->at[k];
	const char *mark = c->data ? "\r\n.\r\n" : "\r\n", *end = memmem(c->room, c->n, mark, strlen(mark));
	size_t n = end ? (size_t)(end - c->room) : 0, used = n + strlen(mark);
	const char *answer = h->end_once ? h->end_once : h->end;
	char line[1024];
	bool go;

	if (c->data && c->n >= 3 && memcmp(c->room, ".\r\n", 3) == 0) { /* nothing at all */
		end = c->room;
		n = 0;
		used = 3;
	}
	if (!end)
		return false;
	if (c->data) {
		c->data = false;
		memcpy(h->last, c->room, n + 2);
		h->last[n + 2] = 0;
		h->mails += n && (!answer || answer[0] == '2');
		h->end_once = NULL;
		go = say(h, k, answer, "250 2.0.0 Ok: queued");
	} else {
		snprintf(line, sizeof line, "%.*s", (int)n, c->room);
		go = command(h, k, line);
	}
	if (!go)
		return false;
	c->n -= used;
	memmove(c->room, c->room + used, c->n);
	return true;
}

void smarthost_step(struct smarthost *h)
{
	if (h->quiet)
		return;
	if (h->fd >= 0)
		take_connections(h);
	for (int k = 0; k < SMARTHOST_CONNECTIONS; k++) {
		struct smarthost_connection *c = h->at[k];
		ssize_t n = c ? recv(c->fd, c->room + c->n, sizeof c->room - c->n - 1, 0) : -1;
		if (!c || (n < 0 && (errno == EAGAIN || errno == EINTR)))
			continue;
		if (n <= 0) {
			drop(h, k);
			continue;
		}
		c->n += (size_t)n;
		h->reads++;
		while (h->at[k] && next(h, k))
			;
	}
}
