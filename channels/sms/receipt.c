/* See receipt.h. */
#include "sms/receipt.h"

#include "sms/receipt_date.h"

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

/*
 * How the field spells them. The first that fits counts: an ending "_" means the beginning of a word, a leading "*" means
 * that it may stand behind a prefix of the carrier's own ("DND_REJECTED"). What fails is looked for first, so that
 * "DELIVERY_FAILED" is not taken for a delivery. A word that is not here is kept and moves nothing.
 */
static const struct {
	const char *word;
	int state;
} spellings[] = {
	{"*UNDEL_", 5},
	{"*UNDLV_", 5},
	{"*NOT_DEL_", 5},
	{"*NOTDEL_", 5},
	{"*NON_DEL_", 5},
	{"*FAIL_", 5},
	{"*REJEC_", 8},
	{"*REJCT_", 8},
	{"*RJCT_", 8},
	{"*EXPIR_", 3},
	{"EXPRD_", 3},
	{"DELET_", 4},
	{"DELTD", 4},
	{"DELIVERED_TO_OP_", 1},
	{"DELIVERED_TO_NET_", 1},
	{"DELIVERED_TO_SM_", 1},
	{"DELIVERED_", 2},
	{"DELIVERD", 2},
	{"DELIVRD", 2},
	{"DELIVRED", 2},
	{"DELIVD", 2},
	{"DELIV", 2},
	{"DELVRD", 2},
	{"DLVRD", 2},
	{"DLVRED", 2},
	{"ENROU_", 1},
	{"EN_ROU_", 1},
	{"BUFF_", 1},
	{"SCHED_", 1},
	{"QUEUED", 1},
	{"PENDING", 1},
	{"SENT", 1},
	{"ACCEP_", 6},
	{"ACCPT_", 6},
	{"ACKED", 6},
	{"SUBMIT_", 6},
	{"UNK_", 7},
};

const char *receipt_state_word(int s) { return states[s > 0 && s < STATES ? s : 0].word; }
const char *receipt_state_short(int s) { return states[s > 0 && s < STATES ? s : 0].abbreviation; }
enum status receipt_status(int s) { return states[s > 0 && s < STATES ? s : 0].status; }

/* ---- the text ---- */

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Does s match the word, of which an ending "_" stands for anything? */
static bool spelled(struct str s, const char *word)
{
	for (size_t i = 0; word[i]; i++) {
		if (word[i] == '_' && !word[i + 1])
			return true;
		if (i == s.n || upper(s.p[i]) != word[i])
			return false;
		if (!word[i + 1])
			return i + 1 == s.n;
	}
	return false;
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
	{"ID", KEY_ID},
	{"MSG ID", KEY_ID},
	{"MESSAGE ID", KEY_ID},
	{"SUB", KEY_SUB},
	{"DLVRD", KEY_DLVRD},
	{"SUBMIT DATE", KEY_SUBMIT},
	{"SUBMIT TIME", KEY_SUBMIT},
	{"DONE DATE", KEY_DONE},
	{"DONE TIME", KEY_DONE},
	{"STATUS", KEY_STAT},
	{"STAT", KEY_STAT},
	{"STATE", KEY_STAT},
	{"MESSAGE STATE", KEY_STAT},
	{"ERROR CODE", KEY_ERR},
	{"ERR CODE", KEY_ERR},
	{"ERROR", KEY_ERR},
	{"ERR", KEY_ERR},
	{"TEXT", KEY_TEXT},
};

static bool separates(char c) { return is_space(c) || c == ',' || c == ';' || c == '|'; }

static size_t key_here(struct str s, size_t at, enum key *out)
{
	struct str rest = str_n(s.p + at, s.n - at);
	char first = rest.n ? upper(rest.p[0]) : 0;

	if (first < 'D' || first > 'T')
		return 0; /* as most are: digits */
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t n = keys[i].word[0] == first ? key_at(rest, keys[i].word) : 0;
		if (n) {
			*out = keys[i].key;
			return n;
		}
	}
	return 0;
}

/* A key begins the text or follows a separator. */
static size_t any_key(struct str s, size_t at, enum key *out)
{
	return at && !separates(s.p[at - 1]) ? 0 : key_here(s, at, out);
}

/* Some write no separator at all: "stat:DELIVRDerr:000". "id" is too short to be told from an ending. */
static bool glued_key(struct str s, size_t at)
{
	enum key k;

	return upper(s.p[at]) != 'I' && key_here(s, at, &k) > 0;
}

static struct str quoted_at(struct str s, size_t at, size_t *end)
{
	const char *to = memchr(s.p + at + 1, s.p[at], s.n - at - 1);

	if (!to)
		return (struct str){NULL, 0};
	*end = (size_t)(to - s.p) + 1;
	return str_n(s.p + at + 1, *end - at - 2);
}

/* "2026-01-31 12:00" is two words. */
static size_t clock_after(struct str s, size_t to)
{
	size_t at = to + 1;

	while (at < s.n && (is_digit(s.p[at]) || s.p[at] == ':'))
		at++;
	return to + 3 < s.n && s.p[to] == ' ' && is_digit(s.p[to + 1]) && memchr(s.p + to + 1, ':', at - to - 1) ? at
														 : to;
}

static struct str value_at(struct str s, size_t at, enum key key, size_t *end)
{
	enum key next;
	struct str quoted = {NULL, 0};
	size_t from = at, to;

	while (from < s.n && is_space(s.p[from]) && !any_key(s, from, &next))
		from++;
	if (from < s.n && (s.p[from] == '"' || s.p[from] == '\''))
		quoted = quoted_at(s, from, end);
	if (quoted.p)
		return quoted;
	to = from;
	if (!any_key(s, from, &next))
		while (to < s.n && !separates(s.p[to]) && (to == from || !glued_key(s, to)))
			to++;
	if ((key == KEY_SUBMIT || key == KEY_DONE) && to - from == 10)
		to = clock_after(s, to);
	*end = to;
	return str_n(s.p + from, to - from);
}

static int state_of(struct str word)
{
	int64_t number;

	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		bool within = spellings[i].word[0] == '*';
		for (size_t at = 0; at < word.n && (at == 0 || within); at++)
			if (spelled(str_n(word.p + at, word.n - at), spellings[i].word + within))
				return spellings[i].state;
	}
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
		if (str_ieq(str_n(s.p + at, to - at), str_of(states[i].abbreviation)))
			return str_n(s.p + at, to - at);
	return (struct str){NULL, 0};
}

void receipt_parse(struct str s, struct receipt_text *out)
{
	struct str value[KEYS] = {{NULL, 0}}, bare = {NULL, 0};
	size_t ended = 0; /* the last value: a key may begin there without a separator */

	*out = (struct receipt_text){0};
	for (size_t at = 0; at < s.n;) {
		enum key k;
		size_t n = at == ended ? key_here(s, at, &k) : any_key(s, at, &k);
		if (!n) {
			if (!bare.p)
				bare = bare_state(s, at);
			at++;
			continue;
		}
		if (k == KEY_TEXT && (value[KEY_ID].p || value[KEY_STAT].p))
			break; /* what follows is the message's own and may contain anything */
		at += n;
		if (k == KEY_TEXT || value[k].p)
			continue;
		value[k] = value_at(s, at, k, &at);
		ended = at;
	}
	out->id = value[KEY_ID];
	out->stat = value[KEY_STAT].n ? value[KEY_STAT] : bare;
	out->err = value[KEY_ERR];
	out->is_receipt = out->id.n && out->stat.n;
	out->typical =
		out->is_receipt && (value[KEY_SUB].n || value[KEY_DLVRD].n || value[KEY_SUBMIT].n || value[KEY_DONE].n);
	out->state = state_of(out->stat);
	out->submitted_at = receipt_date(value[KEY_SUBMIT], NULL);
	out->done_at = receipt_date(value[KEY_DONE], &out->zoned);
}
