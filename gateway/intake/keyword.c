#include "intake/keyword.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/asset.h"
#include "base/settings.h"

enum { WORDS_MAX = 1024, LANGUAGES_MAX = 32 };

struct word {
	char text[KEYWORD_MAX];
	uint8_t n, language;
	bool weak;
	enum keyword is;
};

struct answers {
	char *stop, *start, *help, *stop_written;
};

struct language {
	char name[64];
	struct answers answers;
};

struct keywords {
	struct language *languages;
	struct word *words; /* in order of languages, so that the first match is the first language's */
	size_t languages_n, words_n;
};

struct lists {
	char *stop, *start, *weak, *help;
};

static const struct setting list_table[] = {
	{.name = "stop", .type = SET_LIST, .offset = offsetof(struct lists, stop), .required = true},
	{.name = "start", .type = SET_LIST, .offset = offsetof(struct lists, start), .required = true},
	{.name = "weak", .type = SET_LIST, .offset = offsetof(struct lists, weak)},
	{.name = "help", .type = SET_LIST, .offset = offsetof(struct lists, help)},
	SETTING_END,
};

static const struct setting answer_table[] = {
	{.name = "stop", .type = SET_STRING, .offset = offsetof(struct answers, stop), .required = true},
	{.name = "start", .type = SET_STRING, .offset = offsetof(struct answers, start), .required = true},
	{.name = "help", .type = SET_STRING, .offset = offsetof(struct answers, help), .def = ""},
	{.name = "stop_written", .type = SET_STRING, .offset = offsetof(struct answers, stop_written), .def = ""},
	SETTING_END,
};

/* U+00C0 to U+017F without their accents: a letter each, '*' where it takes two, '.' where it is none. */
static const char latin[] = "aaaaaa*ceeeeiiiidnooooo.ouuuuy**aaaaaa*ceeeeiiiidnooooo.ouuuuy*y"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkklllllll"
			    "lllnnnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const char *two_letters(uint32_t cp)
{
	switch (cp) {
	case 0xc6:
	case 0xe6: return "ae";
	case 0xde:
	case 0xfe: return "th";
	case 0xdf: return "ss";
	case 0x132:
	case 0x133: return "ij";
	default: return "oe";
	}
}

/* Letters and digits; not punctuation, symbols or pictures, of whatever script. */
static bool is_letter(uint32_t cp)
{
	if (cp < 0xc0)
		return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
	return cp != 0xd7 && cp != 0xf7 && !(cp >= 0x2000 && cp < 0x2c00) && !(cp >= 0x3000 && cp < 0x3040) &&
	       !(cp >= 0xe000 && cp < 0xf900) && !(cp >= 0xfe00 && cp < 0xfe10) && !(cp >= 0xfff0 && cp < 0x10000) &&
	       !(cp >= 0x1f000 && cp < 0x20000) && cp < 0xe0000;
}

static void add_folded(struct buf *b, uint32_t cp)
{
	if (cp >= 'A' && cp <= 'Z')
		buf_addc(b, (char)(cp + 32));
	else if (cp < 0x80)
		buf_addc(b, (char)cp);
	else if (cp >= 0xc0 && cp < 0x180 && latin[cp - 0xc0] == '*')
		buf_adds(b, two_letters(cp));
	else if (cp >= 0xc0 && cp < 0x180)
		buf_addc(b, latin[cp - 0xc0]);
	else if ((cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f)) /* Greek and Cyrillic capitals */
		buf_add_utf8(b, cp + 32);
	else if (cp >= 0x400 && cp <= 0x40f)
		buf_add_utf8(b, cp + 80);
	else
		buf_add_utf8(b, cp);
}

size_t keyword_fold(struct str text, char out[KEYWORD_MAX])
{
	struct buf b = {.p = out, .cap = KEYWORD_MAX, .max = KEYWORD_MAX - 1};
	bool gap = false;

	for (size_t i = 0; i < text.n && !b.failed;) {
		uint32_t cp = str_next(text, &i);
		if (cp >= 0x300 && cp < 0x370)
			continue; /* accents written apart */
		if (!is_letter(cp)) {
			gap = b.n > 0;
			continue;
		}
		if (gap)
			buf_addc(&b, ' ');
		gap = false;
		add_folded(&b, cp);
	}
	return b.failed ? 0 : b.n;
}

bool keyword_match(const struct keywords *k, struct str text, struct keyword_hit *out)
{
	char folded[KEYWORD_MAX];
	size_t n = keyword_fold(text, folded);

	for (size_t i = 0; n && i < k->words_n; i++) {
		const struct word *w = &k->words[i];
		const struct answers *a = &k->languages[w->language].answers;
		if (w->n != n || memcmp(w->text, folded, n) != 0)
			continue;
		*out = (struct keyword_hit){.word = w->is, .weak = w->weak, .language = k->languages[w->language].name};
		out->answer_written = w->is == KEYWORD_STOP ? a->stop_written : "";
		out->answer = w->is == KEYWORD_STOP ? a->stop : w->is == KEYWORD_START ? a->start : a->help;
		return true;
	}
	return false;
}

static int add_words(struct keywords *k, const char *list, enum keyword is, bool weak, struct err *err)
{
	struct str item;
	size_t pos = 0;

	while (list && settings_list_next(list, &pos, &item)) {
		struct word w = {.language = (uint8_t)(k->languages_n - 1), .is = is, .weak = weak};
		w.n = (uint8_t)keyword_fold(item, w.text);
		if (w.n == 0)
			return err_set(err, ERR_INVALID, "keyword_invalid", NULL,
				       "\"%.*s\" is no keyword: too long, or without letters",
				       (int)(item.n < 60 ? item.n : 60), item.p);
		if (k->words_n == WORDS_MAX)
			return err_set(err, ERR_INVALID, "keywords_too_many", NULL, "more than %d keywords", WORDS_MAX);
		k->words[k->words_n++] = w;
	}
	return 0;
}

static int open_list(const char *name, struct settings **out, struct err *err)
{
	char asset[96];
	struct str text;

	if (strchr(name, '/'))
		return settings_load(name, out, err);
	snprintf(asset, sizeof asset, "templates/keywords/%s.ini", name);
	text = asset_find(str_of(asset));
	if (!text.p)
		return err_set(err, ERR_INVALID, "language_unknown", NULL,
			       "there are no keywords for the language \"%s\"", name);
	return settings_parse(asset, text, out, err);
}

static int add_language(struct keywords *k, struct str name, struct err *err)
{
	struct language *l = &k->languages[k->languages_n];
	struct settings *file = NULL;
	struct lists lists = {0};
	int r = -1;

	if (k->languages_n == LANGUAGES_MAX || name.n >= sizeof l->name)
		return err_set(err, ERR_INVALID, "language_unknown", NULL, "too many or too long names of languages");
	memcpy(l->name, name.p, name.n);
	l->name[name.n] = 0;
	if (open_list(l->name, &file, err))
		return -1;
	if (settings_fill(file, settings_find(file, "keywords", ""), list_table, &lists, err) == 0) {
		k->languages_n++;
		if (settings_fill(file, settings_find(file, "answers", ""), answer_table, &l->answers, err) == 0 &&
		    add_words(k, lists.stop, KEYWORD_STOP, false, err) == 0 &&
		    add_words(k, lists.start, KEYWORD_START, false, err) == 0 &&
		    add_words(k, lists.weak, KEYWORD_START, true, err) == 0 &&
		    add_words(k, lists.help, KEYWORD_HELP, false, err) == 0)
			r = 0;
		settings_release(list_table, &lists);
	}
	settings_free(&file);
	return r;
}

int keywords_new(const char *languages, struct keywords **out, struct err *err)
{
	struct keywords *k = calloc(1, sizeof *k);
	struct str name;
	size_t pos = 0;

	if (!k)
		return err_nomem(err);
	k->languages = calloc(LANGUAGES_MAX, sizeof *k->languages);
	k->words = calloc(WORDS_MAX, sizeof *k->words);
	if (!k->languages || !k->words) {
		keywords_free(&k);
		return err_nomem(err);
	}
	while (languages && settings_list_next(languages, &pos, &name)) {
		if (add_language(k, name, err)) {
			keywords_free(&k);
			return -1;
		}
	}
	*out = k;
	return 0;
}

void keywords_free(struct keywords **kp)
{
	struct keywords *k = *kp;

	if (!k)
		return;
	for (size_t i = 0; k->languages && i < k->languages_n; i++)
		settings_release(answer_table, &k->languages[i].answers);
	free(k->languages);
	free(k->words);
	free(k);
	*kp = NULL;
}
