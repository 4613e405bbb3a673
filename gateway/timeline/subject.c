#include "timeline/subject.h"

enum { MEANS_SOMETHING = 6 }; /* bytes without white space: "Hi" and "Bill" are everybody's */

/* The marks of mail programs in many languages. */
static const char *const marks[] = {"re",  "aw",  "antw", "antwort", "sv",   "vs",   "ref", "res", "rif", "r",
				    "odp", "ynt", "atb",  "vá",	     "回复", "答复", "rv",  "bls", NULL};

/* Length of "Re:", "RE[2]:", "Aw :" at the beginning; 0: none. */
static size_t mark_at(struct str s)
{
	for (const char *const *m = marks; *m; m++) {
		size_t n = strlen(*m), k = n;
		if (s.n <= n || !str_ieq(str_n(s.p, n), str_of(*m)))
			continue;
		if (s.p[k] == '[' || s.p[k] == '(') {
			for (k++; k < s.n && s.p[k] >= '0' && s.p[k] <= '9'; k++)
				;
			if (k == s.n || (s.p[k] != ']' && s.p[k] != ')'))
				continue;
			k++;
		}
		while (k < s.n && s.p[k] == ' ')
			k++;
		if (k < s.n && s.p[k] == ':')
			return k + 1;
		if (s.n - k >= 3 && memcmp(s.p + k, "：", 3) == 0)
			return k + 3;
	}
	return 0;
}

bool subject_answers(struct str subject, struct str *rest)
{
	bool any = false;
	size_t n;

	*rest = str_trim(subject);
	while ((n = mark_at(*rest))) {
		*rest = str_trim(str_n(rest->p + n, rest->n - n));
		any = true;
	}
	return any;
}

/* The next byte that is no white space, in lower case; -1 at the end. */
static int next(struct str s, size_t *i)
{
	while (*i < s.n && (unsigned char)s.p[*i] <= ' ')
		++*i;
	if (*i == s.n)
		return -1;
	return s.p[*i] >= 'A' && s.p[*i] <= 'Z' ? s.p[(*i)++] + 32 : (unsigned char)s.p[(*i)++];
}

bool subject_same(struct str a, struct str b)
{
	size_t i = 0, j = 0, n = 0;
	int x, y;

	subject_answers(a, &a);
	subject_answers(b, &b);
	do {
		x = next(a, &i);
		y = next(b, &j);
		n++;
	} while (x == y && x >= 0);
	return x == y && n > MEANS_SOMETHING;
}
