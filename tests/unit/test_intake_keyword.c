#include <criterion/criterion.h>

#include "intake/keyword.h"

static const struct {
	const char *text;
	enum keyword word;
	const char *language;
} cases[] = {
	{"STOP", KEYWORD_STOP, "en"},
	{"stop", KEYWORD_STOP, "en"},
	{" Stop. ", KEYWORD_STOP, "en"},
	{"\"STOP\"!!", KEYWORD_STOP, "en"},
	{"\xc2\xbbstop\xc2\xab", KEYWORD_STOP, "en"},
	{"stop \xf0\x9f\x99\x8f", KEYWORD_STOP, "en"},
	{"Stop all", KEYWORD_STOP, "en"},
	{"stop-all", KEYWORD_STOP, "en"},
	{"OPT-OUT", KEYWORD_STOP, "en"},
	{"unsubscribe", KEYWORD_STOP, "en"},
	{"TD", KEYWORD_STOP, "en"},
	{"Unstop", KEYWORD_START, "en"},
	{"help?", KEYWORD_HELP, "en"},
	{"Abmelden", KEYWORD_STOP, "de"},
	{"aufh\xc3\xb6ren", KEYWORD_STOP, "de"},
	{"AUFH\xc3\x96REN", KEYWORD_STOP, "de"},
	{"aufho\xcc\x88ren", KEYWORD_STOP, "de"}, /* the accent written apart */
	{"Hilfe", KEYWORD_HELP, "de"},
	{"arr\xc3\xaat", KEYWORD_STOP, "fr"},
	{"ARRET", KEYWORD_STOP, "fr"},
	{"no mas", KEYWORD_STOP, "es"},
	{"\xc4\xb0PTAL", KEYWORD_STOP, "tr"},
	{"iptal", KEYWORD_STOP, "tr"},
	{"IPTAL", KEYWORD_STOP, "tr"},
	{"\xc3\xa7\xc4\xb1k", KEYWORD_STOP, "tr"},
	{"B\xc4\xb0LG\xc4\xb0", KEYWORD_HELP, "tr"},
	{"come\xc3\xa7"
	 "ar",
	 KEYWORD_START, "pt"},
	{"aiuto", KEYWORD_HELP, "it"},
	{"rezygnuj\xc4\x99", KEYWORD_STOP, "pl"},
	{"please stop", KEYWORD_NONE, NULL},
	{"Stop. Thank you", KEYWORD_NONE, NULL},
	{"stopp it", KEYWORD_NONE, NULL},
	{"st op", KEYWORD_NONE, NULL},
	{"stopping", KEYWORD_NONE, NULL},
	{"", KEYWORD_NONE, NULL},
	{"...", KEYWORD_NONE, NULL},
	{"I would like to know how I can stop this from happening again", KEYWORD_NONE, NULL},
};

Test(keyword, whole_messages)
{
	struct keywords *k = NULL;
	struct keyword_hit hit;
	struct err e = {0};

	cr_assert_eq(keywords_new("en,de,fr,es,tr,pt,it,nl,pl", &k, &e), 0, "%s", e.msg);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = keyword_match(k, str_of(cases[i].text), &hit);
		cr_expect_eq(found ? hit.word : KEYWORD_NONE, cases[i].word, "%s", cases[i].text);
		if (found && cases[i].language)
			cr_expect_str_eq(hit.language, cases[i].language, "%s", cases[i].text);
	}
	cr_expect(keyword_match(k, STR("Ja"), &hit) && hit.weak && hit.word == KEYWORD_START);
	keywords_free(&k);
}

Test(keyword, the_first_language_answers)
{
	struct keywords *k = NULL;
	struct keyword_hit hit;

	cr_assert_eq(keywords_new("de,en", &k, NULL), 0);
	cr_expect(keyword_match(k, STR("STOP"), &hit));
	cr_expect_str_eq(hit.language, "de");
	cr_expect(strstr(hit.answer, "START"));
	cr_expect(keyword_match(k, STR("unsubscribe"), &hit));
	cr_expect_str_eq(hit.language, "en");
	cr_expect_not(keyword_match(k, STR("arret"), &hit), "not a configured language");
	keywords_free(&k);
}

Test(keyword, lists_that_are_not_there)
{
	struct keywords *k = NULL;
	struct err e = {0};

	cr_expect_eq(keywords_new("en,xx", &k, &e), -1);
	cr_expect_str_eq(e.code, "language_unknown");
	cr_expect_eq(keywords_new("./no/such/file.ini", &k, &e), -1);
	cr_expect_eq(keywords_new("", &k, &e), 0, "none at all is possible");
	keywords_free(&k);
}

/* The answers are short messages themselves. */
Test(keyword, answers_fit_two_segments)
{
	static const char *const languages[] = {"en", "de", "fr", "es", "tr", "pt", "it", "nl", "pl"};
	static const char *const words[] = {"stop", "start"};

	for (size_t l = 0; l < sizeof languages / sizeof *languages; l++) {
		struct keywords *k = NULL;
		cr_assert_eq(keywords_new(languages[l], &k, NULL), 0, "%s", languages[l]);
		for (size_t w = 0; w < 2; w++) {
			struct keyword_hit hit;
			cr_assert(keyword_match(k, str_of(words[w]), &hit), "%s in %s", words[w], languages[l]);
			cr_expect_lt(strlen(hit.answer), 134 * 2, "%s", languages[l]);
		}
		keywords_free(&k);
	}
}
