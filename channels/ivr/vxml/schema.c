/* The table, and the walk that holds a tree to it. */
#include "ivr/vxml/schema.h"

#include <stdint.h>

/* What an element is: a bit each, and what it may contain: the bits of all that may stand in it. */
enum {
	K_TEXT = 1 << 0,
	K_EXEC = 1 << 1,  /* executable content */
	K_AUDIO = 1 << 2, /* audio, value, enumerate */
	K_SSML = 1 << 3,
	K_ITEM = 1 << 4,
	K_HANDLER = 1 << 5,
	K_PROMPT = 1 << 6,
	K_DECL = 1 << 7, /* var, script, data in a form or document */
	K_PROPERTY = 1 << 8,
	K_LINK = 1 << 9,
	K_GRAMMAR = 1 << 10,
	K_FILLED = 1 << 11,
	K_OPTION = 1 << 12,
	K_CHOICE = 1 << 13,
	K_PARAM = 1 << 14,
	K_DIALOG = 1 << 15,
	K_ELSE = 1 << 16,
	K_RULE = 1 << 17,
	K_EXPANSION = 1 << 18,
	K_TAG = 1 << 19,
	K_META = 1 << 20,
	K_HEAD = 1 << 21, /* lexicon, metadata within speech */
	K_LOOP = 1 << 22, /* foreach within a prompt */
	K_ANY = 1 << 23,  /* anything, unread */
	K_RUN = K_EXEC | K_PROMPT | K_AUDIO | K_TEXT,
	K_SPEECH = K_AUDIO | K_SSML | K_TEXT | K_HEAD | K_LOOP,
	K_ITEMS = K_AUDIO | K_TEXT | K_HANDLER | K_PROMPT | K_PROPERTY | K_FILLED,
	K_EXPAND = K_TEXT | K_EXPANSION | K_TAG
};

/* attrs: "!" it must be there, "+a b" exactly one of the group up to ";" must, "?a b" at most one may. */
struct element {
	const char *name;
	int tag;
	uint32_t is, holds;
	const char *attrs;
};

#define FETCH " fetchhint fetchtimeout maxage maxstale"
#define SPEECH_ATTRS "age category contour duration gender level name pitch range rate variant volume"

static const struct element vxml_elements[] = {
	{"assign", TAG_ASSIGN, K_EXEC, 0, "!name !expr"},
	{"audio", TAG_AUDIO, K_AUDIO, K_SPEECH, "+src expr;" FETCH},
	{"block", TAG_BLOCK, K_ITEM, K_RUN, "name expr cond"},
	{"break", TAG_BREAK, K_SSML, 0, "strength time size"},
	{"catch", TAG_CATCH, K_HANDLER, K_RUN, "event count cond"},
	{"choice", TAG_CHOICE, K_CHOICE, K_AUDIO | K_GRAMMAR | K_TEXT,
	 "dtmf accept +next expr event eventexpr;?message messageexpr;fetchaudio" FETCH},
	{"clear", TAG_CLEAR, K_EXEC, 0, "namelist"},
	{"data", TAG_DATA, K_EXEC | K_DECL, 0, "+src srcexpr;name method enctype namelist fetchaudio" FETCH},
	{"desc", TAG_IGNORED, K_SSML, K_ANY, ""},
	{"disconnect", TAG_DISCONNECT, K_EXEC, 0, "namelist"},
	{"else", TAG_ELSE, K_ELSE, 0, ""},
	{"elseif", TAG_ELSEIF, K_ELSE, 0, "!cond"},
	{"emphasis", TAG_SPOKEN, K_SSML, K_SPEECH, "level"},
	{"enumerate", TAG_ENUMERATE, K_AUDIO, K_SPEECH, ""},
	{"error", TAG_ERROR, K_HANDLER, K_RUN, "count cond"},
	{"exit", TAG_EXIT, K_EXEC, 0, "?expr namelist;"},
	{"field", TAG_FIELD, K_ITEM, K_ITEMS | K_LINK | K_OPTION | K_GRAMMAR, "name expr cond type slot modal"},
	{"filled", TAG_FILLED, K_FILLED, K_RUN, "mode namelist"},
	{"foreach", TAG_FOREACH, K_EXEC | K_LOOP, K_RUN | K_SPEECH, "!item !array"},
	{"form", TAG_FORM, K_DIALOG, K_ITEM | K_HANDLER | K_FILLED | K_LINK | K_PROPERTY | K_DECL | K_GRAMMAR,
	 "id scope"},
	{"goto", TAG_GOTO, K_EXEC, 0, "+next expr nextitem expritem;fetchaudio" FETCH},
	{"grammar", TAG_GRAMMAR, K_GRAMMAR, K_RULE | K_TEXT | K_META,
	 "version mode root tag-format type ?src srcexpr;scope weight" FETCH},
	{"help", TAG_HELP, K_HANDLER, K_RUN, "count cond"},
	{"if", TAG_IF, K_EXEC, K_RUN | K_ELSE, "!cond"},
	{"initial", TAG_INITIAL, K_ITEM, (K_ITEMS & ~K_FILLED) | K_LINK, "name expr cond"},
	{"lexicon", TAG_IGNORED, K_HEAD | K_META, 0, "!uri type"},
	{"link", TAG_LINK, K_LINK, K_GRAMMAR, "dtmf +next expr event eventexpr;?message messageexpr;fetchaudio" FETCH},
	{"log", TAG_LOG, K_EXEC, K_TEXT | K_AUDIO, "label expr"},
	{"mark", TAG_IGNORED, K_SSML, 0, "+name nameexpr;"},
	{"menu", TAG_MENU, K_DIALOG, K_AUDIO | K_TEXT | K_PROMPT | K_CHOICE | K_HANDLER | K_PROPERTY,
	 "id scope dtmf accept"},
	{"meta", TAG_IGNORED, K_META, 0, "name http-equiv !content"},
	{"metadata", TAG_IGNORED, K_META | K_HEAD, K_ANY, ""},
	{"noinput", TAG_NOINPUT, K_HANDLER, K_RUN, "count cond"},
	{"nomatch", TAG_NOMATCH, K_HANDLER, K_RUN, "count cond"},
	{"option", TAG_OPTION, K_OPTION, K_TEXT, "dtmf accept value"},
	{"p", TAG_SPOKEN, K_SSML, K_SPEECH, ""},
	{"paragraph", TAG_SPOKEN, K_SSML, K_SPEECH, ""},
	{"param", TAG_PARAM, K_PARAM, 0, "!name +expr value;valuetype type"},
	{"phoneme", TAG_SPOKEN, K_SSML, K_TEXT, "!ph alphabet"},
	{"prompt", TAG_PROMPT, K_PROMPT, K_SPEECH, "bargein bargeintype cond count timeout version"},
	{"property", TAG_PROPERTY, K_PROPERTY, 0, "!name !value"},
	{"prosody", TAG_SPOKEN, K_SSML, K_SPEECH, SPEECH_ATTRS},
	{"record", TAG_RECORD, K_ITEM, K_ITEMS | K_GRAMMAR,
	 "name expr cond modal beep maxtime finalsilence dtmfterm type dest"},
	{"reprompt", TAG_REPROMPT, K_EXEC, 0, ""},
	{"return", TAG_RETURN, K_EXEC, 0, "?event eventexpr namelist;?message messageexpr;"},
	{"s", TAG_SPOKEN, K_SSML, K_SPEECH, ""},
	{"say-as", TAG_SAY_AS, K_SSML, K_TEXT | K_AUDIO, "+interpret-as type;format detail"},
	{"script", TAG_SCRIPT, K_EXEC | K_DECL, K_TEXT, "?src srcexpr;charset" FETCH},
	{"sentence", TAG_SPOKEN, K_SSML, K_SPEECH, ""},
	{"sub", TAG_SUB, K_SSML, K_TEXT, "!alias"},
	{"subdialog", TAG_SUBDIALOG, K_ITEM, K_ITEMS | K_PARAM,
	 "name expr cond +src srcexpr;namelist method enctype fetchaudio" FETCH},
	{"submit", TAG_SUBMIT, K_EXEC, 0, "+next expr;namelist method enctype fetchaudio" FETCH},
	{"throw", TAG_THROW, K_EXEC, 0, "+event eventexpr;?message messageexpr;"},
	{"transfer", TAG_TRANSFER, K_ITEM, K_ITEMS | K_GRAMMAR,
	 "name expr cond +dest destexpr;?bridge type;connecttimeout maxtime transferaudio ?aai aaiexpr;"},
	{"value", TAG_VALUE, K_AUDIO, 0, "!expr"},
	{"var", TAG_VAR, K_EXEC | K_DECL, 0, "!name expr"},
	{"voice", TAG_SPOKEN, K_SSML, K_SPEECH, SPEECH_ATTRS},
	{"vxml", TAG_VXML, 0, K_HANDLER | K_DIALOG | K_LINK | K_META | K_PROPERTY | K_DECL, "!version application"},
};

static const struct element grammar_elements[] = {
	{"example", TAG_IGNORED, K_EXPANSION | K_TAG, K_ANY, ""},
	{"item", TAG_ITEM, K_EXPANSION, K_EXPAND, "repeat repeat-prob weight"},
	{"lexicon", TAG_IGNORED, K_META, 0, "!uri type"},
	{"meta", TAG_IGNORED, K_META, 0, "name http-equiv !content"},
	{"metadata", TAG_IGNORED, K_META, K_ANY, ""},
	{"one-of", TAG_ONE_OF, K_EXPANSION, K_EXPANSION, ""},
	{"rule", TAG_RULE, K_RULE, K_EXPAND, "!id scope"},
	{"ruleref", TAG_RULEREF, K_EXPANSION, 0, "?uri special;type"},
	{"tag", TAG_TAG, K_TAG | K_RULE, K_TEXT, ""},
	{"token", TAG_TOKEN, K_EXPANSION, K_TEXT, ""},
};

static const struct element *element_of(const struct node *n)
{
	const struct element *e = vxml_elements, *end = e + sizeof vxml_elements / sizeof *vxml_elements;
	bool rules = false;

	for (const struct node *p = n->parent; p && !rules; p = p->parent)
		rules = p->tag == TAG_GRAMMAR;
	if (rules) {
		e = grammar_elements;
		end = e + sizeof grammar_elements / sizeof *grammar_elements;
	}
	while (e < end && strcmp(e->name, n->name) != 0)
		e++;
	return e < end ? e : NULL;
}

static bool known_attr(const char *attrs, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = attrs; *p;) {
		size_t word = strcspn(p += strspn(p, " !+?;"), " ;");

		if (word == n && memcmp(p, name, n) == 0)
			return true;
		p += word;
	}
	return false;
}

/* One of the group that begins at p: how many of its attributes the node has. */
static int group_count(const struct node *n, const char *p, char *shown, size_t size)
{
	int have = 0;
	size_t at = 0;

	while (*p && *p != ';') {
		size_t word = strcspn(p, " ;");
		char name[32];

		if (word && word < sizeof name) {
			memcpy(name, p, word);
			name[word] = '\0';
			have += node_attr(n, name) != NULL;
			if (at + word + 2 < size) {
				if (at)
					shown[at++] = ' ';
				memcpy(shown + at, name, word);
				at += word;
			}
		}
		p += word + (p[word] == ' ');
	}
	shown[at] = '\0';
	return have;
}

static int check_groups(const struct node *n, const struct element *e, const char *url, struct err *err)
{
	char shown[80];

	for (const char *p = e->attrs; *p; p++) {
		if (*p == '!') {
			size_t word = strcspn(++p, " ;");
			char name[32] = "";

			memcpy(name, p, word < sizeof name - 1 ? word : sizeof name - 1);
			if (!node_attr(n, name))
				return tree_fail(err, "menu_invalid", url, n->line, "<%s> has no %s", n->name, name);
		} else if (*p == '+' || *p == '?') {
			int have = group_count(n, p + 1, shown, sizeof shown);

			if (have > 1 || (*p == '+' && have == 0))
				return tree_fail(err, "menu_invalid", url, n->line, "<%s> needs %s one of: %s", n->name,
						 *p == '+' ? "exactly" : "at most", shown);
		}
	}
	return 0;
}

static int check_attrs(const struct node *n, const struct element *e, const char *url, struct err *err)
{
	for (const struct attr *a = n->attrs; a; a = a->next)
		if (strncmp(a->name, "xml:", 4) != 0 && !known_attr(e->attrs, a->name))
			return tree_fail(err, "menu_invalid", url, n->line, "<%s> has no attribute \"%s\"", n->name,
					 a->name);
	return check_groups(n, e, url, err);
}

/* A document that puts all of itself into a namespace of its own is taken by its word. */
static bool namespace_ok(const struct node *n)
{
	const struct node *top = n;

	while (top->parent)
		top = top->parent;
	return !n->ns[0] || strcmp(n->ns, top->ns) == 0 || strcmp(n->ns, "http://www.w3.org/2001/vxml") == 0 ||
	       strcmp(n->ns, "http://www.w3.org/2001/06/grammar") == 0 ||
	       strcmp(n->ns, "http://www.w3.org/2001/10/synthesis") == 0;
}

/* Marks n, which stands in an element that holds `allowed`. */
static int check_node(struct node *n, uint32_t allowed, const char *url, struct err *err)
{
	const struct element *e;

	if (n->tag == TAG_TEXT) {
		if ((allowed & K_TEXT) || node_blank(n))
			return 0;
		return tree_fail(err, "menu_invalid", url, n->line, "<%s> holds no text", n->parent->name);
	}
	e = namespace_ok(n) ? element_of(n) : NULL;
	if (!e)
		return tree_fail(err, "menu_unsupported", url, n->line, "<%.60s> is not supported", n->name);
	if (n->parent && !(e->is & allowed))
		return tree_fail(err, "menu_invalid", url, n->line, "<%s> does not stand in <%s>", n->name,
				 n->parent->name);
	n->tag = e->tag;
	if (check_attrs(n, e, url, err))
		return -1;
	if (e->holds & K_ANY)
		return 0;
	for (struct node *k = n->kids; k; k = k->next)
		if (check_node(k, e->holds, url, err))
			return -1;
	return 0;
}

int schema_check(struct node *top, const char *url, struct err *err) { return check_node(top, 0, url, err); }

bool tag_is_item(int tag) { return tag == TAG_BLOCK || tag == TAG_INITIAL || tag_is_input(tag); }

bool tag_is_input(int tag)
{
	return tag == TAG_FIELD || tag == TAG_RECORD || tag == TAG_TRANSFER || tag == TAG_SUBDIALOG;
}

bool tag_is_handler(int tag)
{
	return tag == TAG_CATCH || tag == TAG_ERROR || tag == TAG_HELP || tag == TAG_NOINPUT || tag == TAG_NOMATCH;
}
