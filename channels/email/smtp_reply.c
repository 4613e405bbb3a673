#include "email/smtp_reply.h"

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

bool smtp_status_read(struct str s, char out[12])
{
	size_t i = 0, dots = 0, run = 0;

	s = str_trim(s);
	for (; i < s.n && i < 11 && (digit(s.p[i]) || (s.p[i] == '.' && run && dots < 2)); i++) {
		dots += s.p[i] == '.';
		run = s.p[i] == '.' ? 0 : run + 1;
		if (run > 3)
			return false;
	}
	if (dots != 2 || !run || !strchr("245", s.p[0]) || s.p[1] != '.')
		return false;
	memcpy(out, s.p, i);
	out[i] = '\0';
	return true;
}

/* Not in "192.0.2.5", "v5.1.2", "x5.1.1", "5.1.1.7". */
static bool status_at(struct str s, size_t i, char out[12])
{
	char before = i ? s.p[i - 1] : ' ';
	size_t n;

	if (i + 4 >= s.n || s.p[i + 1] != '.' || !digit(s.p[i + 2]) || s.p[i + 3] != '.')
		return false; /* subjects have one digit */
	if (digit(before) || letter(before) || strchr("./_@=+", before))
		return false;
	if (!smtp_status_read(str_n(s.p + i, s.n - i < 12 ? s.n - i : 12), out))
		return false;
	n = i + strlen(out);
	return n >= s.n || !(digit(s.p[n]) || letter(s.p[n]) || s.p[n] == '_' ||
			     (s.p[n] == '.' && n + 1 < s.n && digit(s.p[n + 1])));
}

static int code_at(struct str s, size_t i)
{
	char before = i ? s.p[i - 1] : ' ', after = i + 3 < s.n ? s.p[i + 3] : ' ';
	int code;

	if (i + 3 > s.n || !digit(s.p[i + 1]) || !digit(s.p[i + 2]))
		return 0;
	if (digit(before) || letter(before) || strchr(".-_/@+$%", before))
		return 0;
	if (!strchr(" \t\r\n-:;,=#'\")", after) && after != '.')
		return 0;
	if ((after == '.' || after == '-' || after == ':' || after == ',') && i + 4 < s.n && digit(s.p[i + 4]) &&
	    !(after == '-' || after == ':'))
		return 0;
	code = (s.p[i] - '0') * 100 + (s.p[i + 1] - '0') * 10 + (s.p[i + 2] - '0');
	return code < 480 || (code >= 500 && code < 600) ? code : 0;
}

/* "512 MB", "500 messages", "450 kb": a number of something. */
static bool measures(struct str s, size_t i)
{
	static const char *const units[] = {"kb",      "mb",	"gb",	"bytes",     "message",
					    "minutes", "hours", "days", "recipients"};
	struct str rest = str_n(s.p + i + 3, s.n - i - 3);

	while (rest.n && rest.p[0] == ' ')
		rest = str_n(rest.p + 1, rest.n - 1);
	for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
		size_t n = strlen(units[k]);
		if (rest.n >= n && str_ieq(str_n(rest.p, n), str_n(units[k], n)))
			return true;
	}
	return false;
}

static bool says_nothing(const char *status) { return strcmp(status + 1, ".0.0") == 0; }

bool smtp_reply_find(struct str s, struct smtp_reply *out)
{
	char status[12];
	bool found = false;

	*out = (struct smtp_reply){0};
	for (size_t i = 0; i < s.n; i++) {
		int code = 0;
		if (s.p[i] != '4' && s.p[i] != '5' && s.p[i] != '2')
			continue;
		if (status_at(s, i, status)) {
			if (!out->status[0] || (says_nothing(out->status) && status[0] == out->status[0]))
				memcpy(out->status, status, sizeof status);
		} else if (!out->code && s.p[i] != '2' && (code = code_at(s, i)) && !measures(s, i)) {
			out->code = code;
		} else {
			continue;
		}
		if (!found)
			out->at = i;
		found = true;
	}
	return found;
}
