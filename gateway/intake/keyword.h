/*
 * Keywords: a message that is, as a whole, one of the words of a list. Case, accents, and whatever stands around the words
 * do not count: "stop", "Stop!", "»STOP«" and for a list with "ARRÊT" also "arret" are one; "please stop calling" is a
 * message like others.
 *
 * A list is an INI file: section [keywords] with stop, start, weak and help, section [answers] with stop, start and help.
 * `stop_written` answers STOP in a chat or mail. `weak` words are START only from somebody who has said STOP.
 */
#pragma once
#include "intake/intake.h"

struct keywords;

struct keyword_hit {
	enum keyword word;
	bool weak;
	const char *language; /* the first of the configured ones that has the word */
	const char *answer;
	const char *answer_written; /* the same in a chat or mail, where STOP ends offers and surveys; "": none */
};

/* languages: "en,de"; a name with a slash is a file of the operator's own. */
int keywords_new(const char *languages, struct keywords **out, struct err *err);
void keywords_free(struct keywords **k);
/* false: an ordinary message. Pure and thread-safe. */
bool keyword_match(const struct keywords *k, struct str text, struct keyword_hit *out);

enum { KEYWORD_MAX = 40 };
/* What is compared: words of folded letters with one space between. Returns its length; 0: nothing, or too long for any
 * keyword. */
size_t keyword_fold(struct str text, char out[KEYWORD_MAX]);
