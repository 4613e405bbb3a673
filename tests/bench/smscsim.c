/*
 * smscsim: an SMSC for load and for faults (SMPP 3.4), one thread, on 127.0.0.1.
 *
 * It prints one line of JSON for each event: "ready" with its port, "bound" at each bind, "complete" when --expect is
 * reached, "report" when asked for one or at the end (SIGTERM, "quit"). Commands, a line each on standard input:
 *
 *     texts COUNT [RATE]   send so many inbound texts, RATE a second (default: as fast as they are answered)
 *     report               print a report, flush the journal
 *     cut                  drop every session, whatever is unanswered
 *     receipts on|off      whether receipts are sent from now on
 *     expect N             count anew from here, and print "complete" as --expect does
 *     quit
 */
#include "smsc.h"

#include <getopt.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { AWAKE_NS = 300000 };

static const char usage[] =
	"usage: smscsim [options]    an SMSC (SMPP 3.4) on 127.0.0.1; commands on standard input\n"
	"  --port N          port (0: any; the \"ready\" line says which)\n"
	"  --password P      refuse binds with another one\n"
	"  --answer-ms N     hold each submit_sm_resp back so long (0)\n"
	"  --rate N          answer so many submits a second, in order (0: all at once)\n"
	"  --no-receipts     send none, though they are asked for\n"
	"  --receipt-ms N    send the receipt so long after the submit (0)\n"
	"  --spread-ms N     and a random time up to this later, so out of order (0)\n"
	"  --early           send the receipt before the submit_sm_resp\n"
	"  --no-tlv          receipts without receipted_message_id and message_state\n"
	"  --id FORM         message ids in dec, hex or hexlower (dec)\n"
	"  --receipt-id FORM the same ids as receipts write them (as --id)\n"
	"  --undelivered P   share of receipts that say UNDELIV (0)\n"
	"  --throttle P      share of submits answered ESME_RTHROTTLED (0)\n"
	"  --reject P        share of submits answered ESME_RSUBMITFAIL (0)\n"
	"  --tps N           submits a second and session; beyond, ESME_RTHROTTLED (0: any)\n"
	"  --drop-every N    take each N-th submit and cut its session unanswered (0: never)\n"
	"  --window N        most unanswered deliver_sm of a session (1000)\n"
	"  --senders N       inbound texts come from so many numbers (10000)\n"
	"  --short-code A    and go to this address (40404)\n"
	"  --length N        and are so long (80)\n"
	"  --journal FILE    a line for each distinct accepted submit and acknowledged inbound text\n"
	"  --expect N        print \"complete\" after N distinct submits and their receipts (or N inbound texts)\n"
	"  --leave           and end then\n";

static enum id_form id_form(const char *option, const char *text)
{
	static const char *const words[] = {"dec", "hex", "hexlower"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0)
			return (enum id_form)i;
	fprintf(stderr, "--%s: dec, hex or hexlower\n", option);
	exit(2);
}

enum {
	PORT = 1,
	PASSWORD,
	ANSWER,
	RATE,
	NO_RECEIPTS,
	RECEIPT,
	SPREAD,
	EARLY,
	NO_TLV,
	ID,
	RECEIPT_ID,
	UNDELIVERED,
	THROTTLE,
	REJECT,
	TPS,
	DROP,
	WINDOW,
	SENDERS,
	SHORT_CODE,
	LENGTH,
	JOURNAL,
	EXPECT,
	LEAVE
};

static const struct option options[] = {{"port", 1, 0, PORT},
					{"password", 1, 0, PASSWORD},
					{"answer-ms", 1, 0, ANSWER},
					{"rate", 1, 0, RATE},
					{"no-receipts", 0, 0, NO_RECEIPTS},
					{"receipt-ms", 1, 0, RECEIPT},
					{"spread-ms", 1, 0, SPREAD},
					{"early", 0, 0, EARLY},
					{"no-tlv", 0, 0, NO_TLV},
					{"id", 1, 0, ID},
					{"receipt-id", 1, 0, RECEIPT_ID},
					{"undelivered", 1, 0, UNDELIVERED},
					{"throttle", 1, 0, THROTTLE},
					{"reject", 1, 0, REJECT},
					{"tps", 1, 0, TPS},
					{"drop-every", 1, 0, DROP},
					{"window", 1, 0, WINDOW},
					{"senders", 1, 0, SENDERS},
					{"short-code", 1, 0, SHORT_CODE},
					{"length", 1, 0, LENGTH},
					{"journal", 1, 0, JOURNAL},
					{"expect", 1, 0, EXPECT},
					{"leave", 0, 0, LEAVE},
					{0}};

static void option(struct smsc_options *o, int which, const char *name, const char *v)
{
	switch (which) {
	case PORT: o->port = (int)kit_long(name, v, 0, 65535); break;
	case PASSWORD: o->password = v; break;
	case ANSWER: o->answer_us = kit_long(name, v, 0, 3600000) * 1000; break;
	case RATE: o->rate = kit_long(name, v, 0, 1000000); break;
	case NO_RECEIPTS: o->receipts = false; break;
	case RECEIPT: o->receipt_us = kit_long(name, v, 0, 3600000) * 1000; break;
	case SPREAD: o->spread_us = kit_long(name, v, 0, 3600000) * 1000; break;
	case EARLY: o->early = true; break;
	case NO_TLV: o->tlv = false; break;
	case ID: o->id_submit = o->id_receipt = id_form(name, v); break;
	case RECEIPT_ID: o->id_receipt = id_form(name, v); break;
	case UNDELIVERED: o->undelivered = kit_real(name, v); break;
	case THROTTLE: o->throttle = kit_real(name, v); break;
	case REJECT: o->reject = kit_real(name, v); break;
	case TPS: o->tps = kit_long(name, v, 0, 1000000); break;
	case DROP: o->drop_every = kit_long(name, v, 0, 1000000000); break;
	case WINDOW: o->window = kit_long(name, v, 1, SMSC_WINDOW); break;
	case SENDERS: o->senders = kit_long(name, v, 1, 100000000); break;
	case SHORT_CODE: o->short_code = v; break;
	case LENGTH: o->text_length = kit_long(name, v, 0, 160); break;
	case JOURNAL: o->journal = v; break;
	case EXPECT: o->expect = kit_long(name, v, 0, 1000000000); break;
	case LEAVE: o->leave = true; break;
	default: kit_usage(usage);
	}
}

static void command(struct smsc *s, struct str line)
{
	struct str word = line, rest = {"", 0};
	const char *space = memchr(line.p, ' ', line.n);
	char number[64];

	if (space) {
		word.n = (size_t)(space - line.p);
		rest = str_trim(str_n(space, line.n - word.n));
	}
	snprintf(number, sizeof number, "%.*s", (int)(rest.n < 60 ? rest.n : 60), rest.p);
	if (str_is(word, "texts")) {
		char *end;
		s->texts_wanted = s->texts_made + strtoull(number, &end, 10);
		s->texts_rate = strtod(end, NULL);
		s->texts_from = kit_now();
		if (s->texts_rate > 0) /* those made before count as made in time */
			s->texts_from -= (uint64_t)((double)s->texts_made / s->texts_rate * 1e9);
	} else if (str_is(word, "report")) {
		report(s, "report");
	} else if (str_is(word, "cut")) {
		sessions_cut(s);
	} else if (str_is(word, "receipts")) {
		s->o.receipts = str_is(rest, "on");
	} else if (str_is(word, "expect")) {
		report_anew(s, strtol(number, NULL, 10));
	} else if (str_is(word, "quit")) {
		s->quit = true;
	} else if (word.n) {
		fprintf(stderr, "smscsim: no command \"%.*s\"\n", (int)word.n, word.p);
	}
}

static void commands(struct smsc *s, struct buf *in)
{
	const char *end;

	if (kit_read(STDIN_FILENO, in) < 0)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	while ((end = in->n ? memchr(in->p, '\n', in->n) : NULL)) {
		size_t n = (size_t)(end - in->p);
		command(s, str_trim(str_n(in->p, n)));
		buf_consume(in, n + 1);
	}
}

/* A held answer is to be late by microseconds, not by what it takes to wake up: the last moment is spent awake. */
static int wait_for(struct smsc *s, struct epoll_event *ev, int n)
{
	uint64_t next = queue_next(s), now = kit_now(), wait = next > now ? next - now : 0;
	uint64_t awake = s->o.answer_us ? AWAKE_NS : 0, sleep = wait > awake ? wait - awake : 0;
	struct timespec t = {.tv_sec = (time_t)(sleep / 1000000000u), .tv_nsec = (long)(sleep % 1000000000u)};

	return epoll_pwait2(s->epoll, ev, n, next == UINT64_MAX ? NULL : &t, NULL);
}

/* Who an epoll event is for, besides the sessions: told apart by address. */
struct marks {
	char listener, stop, input;
};

static void round_once(struct smsc *s, struct marks *m, int listener, struct buf *in)
{
	struct epoll_event ev[64];
	int n = wait_for(s, ev, 64), fd;
	uint64_t now = kit_now();

	for (int i = 0; i < n; i++) {
		void *who = ev[i].data.ptr;
		if (who == &m->listener) {
			while ((fd = kit_accept(listener)) >= 0)
				session_open(s, fd);
		} else if (who == &m->stop) {
			s->quit = true;
		} else if (who == &m->input) {
			commands(s, in);
		} else if (ev[i].events & EPOLLOUT) {
			session_write(s, who);
		} else {
			session_read(s, who, now);
		}
	}
	texts_make(s, now);
	queue_send(s, now);
	sessions_sweep(s);
	report_if_expected(s);
}

static int finish(struct smsc *s)
{
	sessions_cut(s);
	sessions_sweep(s);
	free(s->answers.v);
	free(s->deliveries.v);
	free(s->seen.slot);
	free(s->texts.slot);
	if (s->journal && fclose(s->journal))
		kit_die(s->o.journal);
	return 0;
}

int main(int argc, char **argv)
{
	struct smsc s = {.o = {.window = 1000,
			       .senders = 10000,
			       .text_length = 80,
			       .receipts = true,
			       .tlv = true,
			       .short_code = "40404"},
			 .seed = 1};
	struct marks m;
	struct buf in, b;
	int which, index, listener, port, stop = kit_stop_fd();

	while ((which = getopt_long(argc, argv, "", options, &index)) != -1)
		option(&s.o, which, which == '?' ? "" : options[index].name, optarg);
	if (optind < argc)
		kit_usage(usage);
	if (s.o.journal && !(s.journal = fopen(s.o.journal, "w")))
		kit_die(s.o.journal);
	kit_raise_files();
	TAILQ_INIT(&s.sessions);
	buf_init(&in, 1 << 20);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	listener = kit_listen(s.o.port, &port);
	kit_watch(s.epoll, EPOLL_CTL_ADD, listener, EPOLLIN, &m.listener);
	kit_watch(s.epoll, EPOLL_CTL_ADD, stop, EPOLLIN, &m.stop);
	/* a regular file or /dev/null cannot be watched, and says nothing */
	epoll_ctl(s.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &m.input});
	kit_line(&b, "ready");
	kit_count(&b, "port", (uint64_t)port);
	kit_say(&b);
	while (!s.quit)
		round_once(&s, &m, listener, &in);
	report(&s, "report");
	buf_free(&in);
	return finish(&s);
}
