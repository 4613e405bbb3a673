#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ivr/agi_private.h"

#define KEYS "0123456789*#"
enum { RATE = 8000 }; /* samples a second of what Asterisk records as wav */

static const struct door_host *host_of(const struct line *l) { return l->d->host; }

static void send_command(struct line *l, enum agi_cmd cmd)
{
	buf_addc(&l->out, '\n');
	l->cmd = cmd;
	if (l->out.failed || line_write(l))
		l->gone = l->closing = true;
}

/* What was asked for is done; a hang-up asked for meanwhile is still to come. */
static void rest(struct line *l)
{
	if (l->op != OP_HANG_UP)
		l->op = OP_NONE;
}

static const char *keys_of(const struct piece *p) { return p->bargein ? KEYS : ""; }

/* ---- playing ---- */

/* "/etc/ivr/welcome.wav" → "/etc/ivr/welcome": Asterisk picks the format itself. */
static struct str stem(struct str path)
{
	size_t n = path.n;

	if (str_is(path, "builtin:beep"))
		return STR("beep"); /* Asterisk has one */
	if (n > 7 && memcmp(path.p, "file://", 7) == 0) {
		path = str_n(path.p + 7, n - 7);
		n -= 7;
	}
	for (size_t k = n; k > 0 && path.p[k - 1] != '/' && n - k < 6; k--)
		if (path.p[k - 1] == '.')
			return str_n(path.p, k - 1);
	return path;
}

static bool digits_only(struct str s, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 1 < max; i++)
		if (strchr("0123456789", s.p[i]) && s.p[i])
			out[n++] = s.p[i];
	out[n] = 0;
	return n > 0;
}

/* "20261123" → noon of that day */
static bool day_of(const char *ymd, int64_t *out)
{
	char text[TIME_TEXT];

	if (strlen(ymd) != 8)
		return false;
	snprintf(text, sizeof text, "%.4s-%.2s-%.2sT12:00:00Z", ymd, ymd + 4, ymd + 6);
	return time_parse(str_of(text), out);
}

static bool is_as(const struct piece *p, const char *as)
{
	size_t n = strlen(as);

	p = p->as ? p : &(struct piece){.as = ""};
	return strncmp(p->as, "vxml:", 5) == 0 ? strcmp(p->as + 5, as) == 0 : strncmp(p->as, as, n) == 0 && !p->as[n];
}

static void speak(struct line *l, const struct piece *p)
{
	struct buf words;

	buf_init(&words, AGI_LINE_MAX);
	buf_addc(&words, '"');
	agi_plain(&words, str_n(p->text.p, p->text.n < 2000 ? p->text.n : 2000));
	buf_addf(&words, "\",,%s", p->lang && p->lang[0] ? p->lang : l->d->set->language);
	buf_addf(&l->out, "EXEC %s", l->d->set->agi_speech);
	agi_arg(&l->out, buf_str(&words));
	buf_free(&words);
}

/* One of Asterisk's own ways to say it, where there is one. */
static bool say(struct line *l, const struct piece *p)
{
	char digits[40];
	int64_t at;
	bool any = digits_only(p->text, digits, sizeof digits);

	if (any && (is_as(p, "digits") || is_as(p, "telephone") || is_as(p, "phone")))
		buf_addf(&l->out, "SAY DIGITS %s", digits);
	else if (any && (is_as(p, "number") || is_as(p, "cardinal")) && strlen(digits) == p->text.n)
		buf_addf(&l->out, "SAY NUMBER %s", digits);
	else if (is_as(p, "date") && day_of(digits, &at))
		buf_addf(&l->out, "SAY DATE %lld", (long long)(at / US_SEC));
	else if (is_as(p, "characters") || is_as(p, "spell-out")) {
		buf_adds(&l->out, "SAY ALPHA");
		agi_arg(&l->out, p->text);
	} else
		return false;
	agi_arg(&l->out, str_of(keys_of(p)));
	return true;
}

static void played(struct line *l)
{
	char key = l->key;
	struct call *c = l->call;

	free(l->pieces);
	l->pieces = NULL;
	l->op = OP_NONE;
	l->key = 0;
	host_of(l)->played(c, key != 0);
	if (key)
		host_of(l)->digit(c, key);
}

/* Sends what the next piece needs; false: the list is at its end. */
static bool play_next(struct line *l)
{
	const struct piece *p = &l->pieces[l->piece];

	if (l->stop || l->key || l->piece >= l->pieces_n) {
		played(l);
		return false;
	}
	if (p->lang && p->lang[0] && p->type != PIECE_SILENCE &&
	    strncmp(p->lang, l->language, sizeof l->language) != 0) {
		snprintf(l->language, sizeof l->language, "%.*s", (int)strcspn(p->lang, "\"\\ \n\r"), p->lang);
		buf_addf(&l->out, "SET VARIABLE CHANNEL(language)");
		agi_arg(&l->out, str_of(l->language));
		send_command(l, CMD_LANGUAGE);
		return true;
	}
	if (p->type == PIECE_AUDIO) {
		buf_adds(&l->out, "STREAM FILE");
		agi_arg(&l->out, stem(p->text));
		agi_arg(&l->out, str_of(keys_of(p)));
	} else if (p->type == PIECE_SILENCE) {
		buf_addf(&l->out, "WAIT FOR DIGIT %d", p->ms > 0 ? p->ms : 1);
	} else if (p->type != PIECE_SAY_AS || !say(l, p)) {
		speak(l, p);
	}
	send_command(l, CMD_PIECE);
	return true;
}

static void piece_done(struct line *l, const struct agi_reply *r)
{
	const struct piece *p = &l->pieces[l->piece];

	if (r->result > 0 && r->result < 128 && strchr(KEYS, (int)r->result) && p->type != PIECE_TEXT && p->bargein)
		l->key = (char)r->result;
	/* A file that is not there ends where it began; then what stands behind it is said. */
	if (p->type == PIECE_AUDIO && (l->key || r->endpos != 0) && r->code == 200 && r->result >= 0)
		l->piece += p->skip;
	l->piece++;
}

/* ---- recording ---- */

static void record(struct line *l)
{
	const struct ivr_settings *s = l->d->set;
	const char *seen = s->agi_records ? s->agi_records : s->records;
	char name[80], path[300];

	snprintf(name, sizeof name, "%u-%lld", ++l->d->serial, (long long)clock_now());
	snprintf(l->record, sizeof l->record, "%.200s/%s.wav", s->records, name);
	snprintf(path, sizeof path, "%.200s/%s", seen, name);
	buf_adds(&l->out, "RECORD FILE");
	agi_arg(&l->out, str_of(path));
	buf_adds(&l->out, " wav");
	agi_arg(&l->out, str_of(l->wish.keys_end ? KEYS : ""));
	buf_addf(&l->out, " %d", l->wish.max_ms > 0 ? l->wish.max_ms : -1);
	if (l->wish.beep)
		buf_adds(&l->out, " BEEP");
	if (l->wish.silence_ms > 0)
		buf_addf(&l->out, " s=%d", (l->wish.silence_ms + 999) / 1000);
	send_command(l, CMD_RECORD);
}

static void recorded(struct line *l, const struct agi_reply *r)
{
	struct door_recording rec = {.type = "audio/wav", .path = str_of(l->record)};

	rec.ms = r->endpos > 0 ? (int)(r->endpos * 1000 / RATE) : 0;
	rec.size = r->endpos > 0 ? 2 * r->endpos : 0;
	rec.gone = r->code != 200 || str_is(r->extra, "hangup") || r->result < 0;
	rec.full = str_is(r->extra, "timeout") && l->wish.max_ms > 0 && rec.ms + 500 >= l->wish.max_ms;
	rec.digit = str_is(r->extra, "dtmf") && r->result > 0 && r->result < 128 ? (char)r->result : 0;
	l->gone = l->gone || rec.gone;
	rest(l);
	host_of(l)->recorded(l->call, &rec);
}

/* ---- transfer ---- */

static void dial(struct line *l)
{
	buf_adds(&l->out, l->bridge ? "EXEC Dial" : "EXEC Transfer");
	if (l->bridge) {
		char args[400];
		int n = snprintf(args, sizeof args, "%s,%d,g", l->to_dial, (l->connect_ms + 999) / 1000);
		if (l->max_ms > 0)
			snprintf(args + n, sizeof args - (size_t)n, "L(%d)", l->max_ms);
		agi_arg(&l->out, str_of(args));
	} else {
		agi_arg(&l->out, str_of(l->to_dial));
	}
	send_command(l, CMD_DIAL);
}

static enum transfer_end dial_end(struct str status, bool bridge)
{
	static const struct {
		const char *word;
		enum transfer_end end;
	} words[] = {{"ANSWER", TRANSFER_FAR_LEFT},	 {"BUSY", TRANSFER_BUSY},
		     {"NOANSWER", TRANSFER_NO_ANSWER},	 {"CONGESTION", TRANSFER_NETWORK},
		     {"CHANUNAVAIL", TRANSFER_NO_ROUTE}, {"CANCEL", TRANSFER_CALLER_LEFT},
		     {"SUCCESS", TRANSFER_DONE},	 {"UNSUPPORTED", TRANSFER_UNSUPPORTED},
		     {"FAILURE", TRANSFER_REFUSED}};

	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		if (str_is(status, words[k].word))
			return words[k].end;
	return bridge ? TRANSFER_REFUSED : TRANSFER_UNKNOWN;
}

static void transferred(struct line *l)
{
	rest(l);
	host_of(l)->transferred(l->call, l->how, l->talked_ms);
}

/* ---- commands ---- */

static void start(struct line *l)
{
	switch (l->op) {
	case OP_ANSWER:
		buf_adds(&l->out, "ANSWER");
		send_command(l, CMD_ANSWER);
		return;
	case OP_REJECT:
		buf_addf(&l->out, "EXEC Hangup \"%d\"", l->cause);
		send_command(l, CMD_HANG_UP);
		return;
	case OP_HANG_UP:
		buf_adds(&l->out, "HANGUP");
		send_command(l, CMD_HANG_UP);
		return;
	case OP_RECORD: record(l); return;
	case OP_TRANSFER: dial(l); return;
	default: break;
	}
	if (l->up) {
		buf_addf(&l->out, "WAIT FOR DIGIT %d", AGI_WAIT_MS);
		send_command(l, CMD_WAIT);
	}
}

void agi_pump(struct line *l)
{
	if (l->closing || (l->gone && l->cmd == CMD_NONE)) {
		line_end(l, l->by, l->by == END_CALLER ? "hung up" : "");
		return;
	}
	if (l->cmd != CMD_NONE || !l->call)
		return;
	if (l->op == OP_PLAY && play_next(l))
		return;
	if (l->op == OP_PLAY || (l->op == OP_NONE && !l->up))
		return;
	start(l);
	if (l->closing)
		loop_timer(host_of(l)->host->loop, &l->soon, loop_now(host_of(l)->host->loop), l->soon.fire);
}

static bool is_key(int64_t v) { return v > 0 && v < 128 && strchr(KEYS "ABCD", (int)v); }

/* The answer to a command that went well. */
static void done(struct line *l, enum agi_cmd cmd, const struct agi_reply *r)
{
	switch (cmd) {
	case CMD_WAIT:
		if (is_key(r->result))
			host_of(l)->digit(l->call, (char)r->result);
		return;
	case CMD_ANSWER:
		l->up = true;
		rest(l);
		host_of(l)->answered(l->call);
		return;
	case CMD_PIECE: piece_done(l, r); return;
	case CMD_RECORD: recorded(l, r); return;
	case CMD_DIAL:
		buf_addf(&l->out, "GET VARIABLE %s", l->bridge ? "DIALSTATUS" : "TRANSFERSTATUS");
		send_command(l, CMD_STATUS);
		return;
	case CMD_STATUS:
		l->how = dial_end(r->extra, l->bridge);
		if (l->how != TRANSFER_FAR_LEFT) {
			transferred(l);
			return;
		}
		buf_adds(&l->out, "GET VARIABLE ANSWEREDTIME");
		send_command(l, CMD_TIME);
		return;
	case CMD_TIME: {
		int64_t s = 0;
		if (str_i64(r->extra, &s) && s >= 0 && s < 1000000)
			l->talked_ms = (int)s * 1000;
		transferred(l);
		return;
	}
	case CMD_HANG_UP: l->closing = true; return;
	default: return;
	}
}

/* Whether the answer means that nobody is there any more. */
static bool is_gone(const struct line *l, enum agi_cmd cmd, const struct agi_reply *r)
{
	if (r->code == 511)
		return true;
	if (r->code != 200 || r->result >= 0)
		return false;
	/* Also the answer for a file that is not there. Whether the caller is, the next command tells. */
	if (cmd == CMD_PIECE && l->pieces[l->piece].type == PIECE_AUDIO && r->endpos == 0)
		return false;
	return cmd == CMD_WAIT || cmd == CMD_ANSWER || cmd == CMD_PIECE || cmd == CMD_DIAL;
}

void agi_answer(struct line *l, struct str text)
{
	enum agi_cmd cmd = l->cmd;
	struct agi_reply r;

	if (!agi_reply_parse(text, &r) || r.more)
		return; /* usage that follows a 520 */
	if (r.code == 0) {
		l->gone = true;
		if (cmd == CMD_RECORD || cmd == CMD_DIAL)
			return; /* its answer follows */
		r.code = 511;
	}
	if (r.code == 510 || r.code == 520)
		log_warn("agi.refused", "account", host_of(l)->host->name, "answer", r.code == 510 ? "510" : "520",
			 LOG_END);
	l->cmd = CMD_NONE;
	/* A text that nobody can speak is left out; the caller is still there. */
	if (is_gone(l, cmd, &r) &&
	    !(cmd == CMD_PIECE && r.code == 200 && l->pieces[l->piece].type == PIECE_TEXT && r.result == -2))
		l->gone = true;
	if (cmd == CMD_WAIT && (r.code == 510 || r.code == 520)) { /* it would be asked, and refused, without end */
		l->by = END_NETWORK;
		l->closing = true;
	} else if (cmd == CMD_HANG_UP)
		l->closing = true;
	else if (!l->gone || cmd == CMD_RECORD)
		done(l, cmd, &r);
}
