/* See receipt.h. */
#include "sms/receipt.h"

#include <time.h>

#include "base/clock.h"

static const struct {
	const char *word, *abbreviation;
	enum status status;
} states[] = {
	[0] = {"unknown", "", STATUS_SENT},
	[1] = {"enroute", "ENROUTE", STATUS_SENT},
	[2] = {"delivered", "DELIVRD", STATUS_DELIVERED},
	[3] = {"expired", "EXPIRED", STATUS_EXPIRED},
	[4] = {"deleted", "DELETED", STATUS_UNDELIVERED},
	[5] = {"undeliverable", "UNDELIV", STATUS_UNDELIVERED},
	[6] = {"accepted", "ACCEPTD", STATUS_SENT},
	[7] = {"unknown", "UNKNOWN", STATUS_SENT},
	[8] = {"rejected", "REJECTD", STATUS_REJECTED},
};
enum { STATES = sizeof states / sizeof *states };

/* How the field spells them: by beginning; those with `within` also behind a prefix of the carrier's own. */
static const struct {
	const char *prefix;
	int state;
	bool within;
} spellings[] = {
	{"DELIV", 2, false}, {"DELET", 4, false}, {"ENROUTE", 1, false}, {"EN_ROUTE", 1, false}, {"BUFFER", 1, false},
	{"SCHED", 1, false}, {"EXPIR", 3, true},  {"UNDEL", 5, true},	 {"NOT_DELIV", 5, true}, {"FAIL", 5, true},
	{"ACCEP", 6, false}, {"ACKED", 6, false}, {"UNKN", 7, false},	 {"REJEC", 8, true},
};

const char *receipt_state_word(int s) { return states[s > 0 && s < STATES ? s : 0].word; }
const char *receipt_state_short(int s) { return states[s > 0 && s < STATES ? s : 0].abbreviation; }
enum status receipt_status(int s) { return states[s > 0 && s < STATES ? s : 0].status; }

/* ---- the text ---- */

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool begins(struct str s, const char *prefix)
{
	size_t i = 0;

	for (; prefix[i]; i++)
		if (i >= s.n || upper(s.p[i]) != prefix[i])
			return false;
	return true;
}

/* Keys in upper case; a blank in one matches a blank, an underscore or nothing. Returns how long the match is with its
 * colon (or equals sign), 0 if none. */
static size_t key_at(struct str s, const char *key)
{
	size_t i = 0;

	for (; *key; key++) {
		if (*key == ' ') {
			if (i < s.n && (s.p[i] == ' ' || s.p[i] == '_'))
				i++;
		} else if (i < s.n && upper(s.p[i]) == *key)
			i++;
		else
			return 0;
	}
	while (i < s.n && s.p[i] == ' ')
		i++;
	return i < s.n && (s.p[i] == ':' || s.p[i] == '=') ? i + 1 : 0;
}

enum key { KEY_ID, KEY_SUB, KEY_DLVRD, KEY_SUBMIT, KEY_DONE, KEY_STAT, KEY_ERR, KEY_TEXT, KEYS };

static const struct {
	const char *word;
	enum key key;
} keys[] = {
	{"ID", KEY_ID},	      {"MSGID", KEY_ID},	   {"MESSAGE ID", KEY_ID},  {"SUB", KEY_SUB},
	{"DLVRD", KEY_DLVRD}, {"SUBMIT DATE", KEY_SUBMIT}, {"DONE DATE", KEY_DONE}, {"STATUS", KEY_STAT},
	{"STAT", KEY_STAT},   {"STATE", KEY_STAT},	   {"ERROR", KEY_ERR},	    {"ERR", KEY_ERR},
	{"TEXT", KEY_TEXT},
};

static bool separates(char c) { return is_space(c) || c == ',' || c == ';' || c == '|'; }

/* A key begins the text or follows a separator. */
static size_t any_key(struct str s, size_t at, enum key *out)
{
	struct str rest = str_n(s.p + at, s.n - at);

	if (at && !separates(s.p[at - 1]))
		return 0;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t n = key_at(rest, keys[i].word);
		if (n) {
			*out = keys[i].key;
			return n;
		}
	}
	return 0;
}

static struct str value_at(struct str s, size_t at, size_t *end)
{
	enum key next;
	size_t from = at, to;

	while (from < s.n && s.p[from] == ' ' && !any_key(s, from, &next))
		from++;
	to = from;
	if (!any_key(s, from, &next))
		while (to < s.n && !separates(s.p[to]))
			to++;
	*end = to;
	return str_n(s.p + from, to - from);
}

/* YYMMDDhhmm[ss] or YYYYMMDDhhmm[ss]. */
static int64_t date_of(struct str s)
{
	struct tm tm = {0};
	int v[7] = {0}, n = 0;
	size_t i = 0, year = s.n == 12 && str_is(str_n(s.p, 2), "20") && s.p[4] <= '1' ? 4 : s.n >= 14 ? 4 : 2;

	for (size_t k = 0; k < s.n; k++)
		if (!is_digit(s.p[k]))
			return 0;
	if (s.n != 10 && s.n != 12 && s.n != 14)
		return 0;
	if (s.n == 12 && year == 4 && (s.p[8] - '0') * 10 + (s.p[9] - '0') > 23)
		year = 2; /* 20 was the year's two digits */
	for (size_t width = year; i < s.n; width = 2) {
		for (size_t k = 0; k < width; k++, i++)
			v[n] = v[n] * 10 + (s.p[i] - '0');
		n++;
	}
	tm.tm_year = v[0] + (year == 2 ? 100 : -1900);
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60)
		return 0;
	return (int64_t)timegm(&tm) * US_SEC;
}

static int state_of(struct str word)
{
	int64_t number;

	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		if (begins(word, spellings[i].prefix))
			return spellings[i].state;
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		for (size_t at = 1; spellings[i].within && at < word.n; at++)
			if (begins(str_n(word.p + at, word.n - at), spellings[i].prefix))
				return spellings[i].state;
	return str_i64(word, &number) && number > 0 && number < STATES ? (int)number : 0;
}

/* Some leave the key out and write the state alone: the word at `at`, if it is one of the standard's abbreviations. */
static struct str bare_state(struct str s, size_t at)
{
	size_t to = at;

	if (at && !separates(s.p[at - 1]))
		return (struct str){NULL, 0};
	while (to < s.n && !separates(s.p[to]))
		to++;
	for (int i = 1; i < STATES; i++)
		if (str_is(str_n(s.p + at, to - at), states[i].abbreviation))
			return str_n(s.p + at, to - at);
	return (struct str){NULL, 0};
}

void receipt_parse(struct str s, struct receipt_text *out)
{
	struct str value[KEYS] = {{NULL, 0}}, bare = {NULL, 0};

	*out = (struct receipt_text){0};
	for (size_t at = 0; at < s.n;) {
		enum key k;
		size_t n = any_key(s, at, &k);
		if (!n) {
			if (!bare.p)
				bare = bare_state(s, at);
			at++;
			continue;
		}
		if (k == KEY_TEXT)
			break; /* what follows is the message's own and may contain anything */
		if (!value[k].p)
			value[k] = value_at(s, at + n, &at);
		else
			at += n;
	}
	out->id = value[KEY_ID];
	out->stat = value[KEY_STAT].n ? value[KEY_STAT] : bare;
	out->err = value[KEY_ERR];
	out->is_receipt = out->id.n && out->stat.n;
	out->state = state_of(out->stat);
	out->submitted_at = date_of(value[KEY_SUBMIT]);
	out->done_at = date_of(value[KEY_DONE]);
}
