#include "ivr/vxml/guard.h"

#include <ctype.h>

enum { DEPTH = 200 };
enum paren { PLAIN, WHILE, FOR_FIRST, FOR_COND, FOR_LAST, FUNCTION };
enum token { T_NONE, T_NAME, T_VALUE, T_CLOSE, T_OTHER }; /* after T_OTHER and T_NONE a slash begins an expression */

struct reader {
	struct str in;
	size_t at;
	struct buf *out;
	struct { /* brackets that are open */
		char sign;
		enum paren kind;
	} open[DEPTH];
	int depth;
	enum token last;
	struct str before[2]; /* the tokens before, the last first */
	enum paren due;	      /* what the next ( begins */
	bool body;	      /* the next { is a function's */
	struct err *err;
};

static int refuse(struct reader *r, const char *why)
{
	return err_set(r->err, ERR_SEMANTIC, "script_refused", NULL, "%s", why);
}

static bool name_char(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80; }

static bool is_word(struct str s, const char *const *words)
{
	while (*words && !str_is(s, *words))
		words++;
	return *words != NULL;
}

static void took(struct reader *r, enum token t, size_t from)
{
	r->before[1] = r->before[0];
	r->before[0] = str_n(r->in.p + from, r->at - from);
	r->last = t;
	buf_addstr(r->out, r->before[0]);
}

bool guard_pattern(struct str p)
{
	bool loose[DEPTH] = {0}; /* the group repeats or branches within */
	int depth = 0;

	for (size_t i = 0; i < p.n; i++) {
		char c = p.p[i], next = i + 1 < p.n ? p.p[i + 1] : '\0';

		if (c == '\\') {
			i++;
		} else if (c == '[') {
			for (i++; i < p.n && p.p[i] != ']'; i++)
				i += p.p[i] == '\\';
		} else if (c == '(') {
			if (++depth == DEPTH)
				return false;
			loose[depth] = false;
			i += next == '?';
		} else if (c == ')' && depth > 0) {
			bool repeats = next == '*' || next == '+' || next == '{';

			if (repeats && loose[depth])
				return false;
			depth--;
			loose[depth] |= loose[depth + 1] || repeats;
		} else if (strchr("*+?{|", c)) {
			loose[depth] = true;
		}
	}
	return true;
}

static int read_string(struct reader *r)
{
	size_t from = r->at;
	char quote = r->in.p[r->at++];

	while (r->at < r->in.n && r->in.p[r->at] != quote) {
		if (r->in.p[r->at] == '\\' && r->at + 2 < r->in.n && r->in.p[r->at + 1] == '\r' &&
		    r->in.p[r->at + 2] == '\n')
			r->at++;
		else if (r->in.p[r->at] == '\n' || r->in.p[r->at] == '\r')
			return refuse(r, "a string does not end on its line");
		r->at += r->in.p[r->at] == '\\' ? 2 : 1;
	}
	if (r->at >= r->in.n)
		return refuse(r, "a string does not end");
	r->at++;
	took(r, T_VALUE, from);
	return 0;
}

static int read_regexp(struct reader *r)
{
	size_t from = r->at++;
	bool set = false;

	for (; r->at < r->in.n && r->in.p[r->at] != '/'; r->at++) {
		char c = r->in.p[r->at];

		if (c == '\n' || c == '\r')
			break;
		r->at += c == '\\';
		set = c == '[' || (set && c != ']');
	}
	/* Implementations differ in whether a slash in a set ends it: nobody needs one there without a backslash. */
	if (r->at >= r->in.n || r->in.p[r->at] != '/' || set)
		return refuse(r, "a regular expression does not end");
	if (!guard_pattern(str_n(r->in.p + from + 1, r->at - from - 1)))
		return refuse(r, "a regular expression repeats what repeats");
	r->at++;
	took(r, T_VALUE, from);
	return 0;
}

static int read_name(struct reader *r)
{
	static const char *const words[] = {
		"break",  "case", "catch",	"const",   "continue", "debugger", "default", "delete",	  "do",
		"else",	  "enum", "export",	"extends", "finally",  "for",	   "class",   "function", "if",
		"import", "in",	  "instanceof", "new",	   "return",   "super",	   "switch",  "throw",	  "try",
		"typeof", "var",  "void",	"while",   "with",     NULL};
	size_t from = r->at;
	bool member = str_is(r->before[0], ".") && r->last == T_OTHER;
	struct str name;

	while (r->at < r->in.n && name_char(r->in.p[r->at]))
		r->at++;
	name = str_n(r->in.p + from, r->at - from);
	if (name.n >= 2 && name.p[0] == '_' && name.p[1] == '_')
		return refuse(r, "names beginning with __ are not for scripts");
	if (str_is(name, "eval"))
		return refuse(r, "eval is not supported");
	if (member || !is_word(name, words)) {
		took(r, T_NAME, from);
		return 0;
	}
	took(r, T_OTHER, from);
	r->due = str_is(name, "while")	    ? WHILE
		 : str_is(name, "for")	    ? FOR_FIRST
		 : str_is(name, "function") ? FUNCTION
					    : PLAIN;
	return 0;
}

static int open_bracket(struct reader *r, char c, enum paren kind)
{
	if (r->depth == DEPTH)
		return refuse(r, "too many brackets");
	r->open[r->depth].sign = c;
	r->open[r->depth++].kind = kind;
	return 0;
}

/* "get name (" in an object is a function as well. */
static bool is_accessor(const struct reader *r)
{
	return (r->last == T_NAME || r->last == T_VALUE || r->last == T_OTHER) &&
	       (str_is(r->before[1], "get") || str_is(r->before[1], "set"));
}

static int read_paren(struct reader *r)
{
	enum paren kind = r->due == PLAIN && is_accessor(r) ? FUNCTION : r->due;

	r->due = PLAIN;
	r->at++;
	took(r, T_OTHER, r->at - 1);
	if (kind == WHILE)
		buf_adds(r->out, "__t()&&(");
	return open_bracket(r, '(', kind);
}

static int read_close(struct reader *r, char c)
{
	enum paren kind;

	if (r->depth == 0 || r->open[r->depth - 1].sign != (c == ')' ? '(' : c == ']' ? '[' : '{'))
		return refuse(r, "a bracket closes that is not open");
	kind = r->open[--r->depth].kind;
	if (c == ')' && (kind == WHILE || kind == FOR_COND))
		buf_addc(r->out, ')');
	r->body = c == ')' && kind == FUNCTION;
	r->at++;
	took(r, T_CLOSE, r->at - 1);
	return 0;
}

/* The first ; of a for begins its condition, the second ends it. */
static void read_semicolon(struct reader *r)
{
	enum paren *kind = r->depth ? &r->open[r->depth - 1].kind : NULL;
	bool head = kind && r->open[r->depth - 1].sign == '(';

	if (head && *kind == FOR_COND) {
		buf_addc(r->out, ')');
		*kind = FOR_LAST;
	}
	r->at++;
	took(r, T_OTHER, r->at - 1);
	if (head && *kind == FOR_FIRST) {
		size_t i = r->at;

		while (i < r->in.n && isspace((unsigned char)r->in.p[i]))
			i++;
		buf_adds(r->out, i < r->in.n && r->in.p[i] == ';' ? "__t()" : "__t()&&(");
		*kind = i < r->in.n && r->in.p[i] == ';' ? FOR_LAST : FOR_COND;
	}
}

/* White space and comments. */
static bool skip(struct reader *r)
{
	struct str rest = str_n(r->in.p + r->at, r->in.n - r->at);
	const char *end;

	if (isspace((unsigned char)rest.p[0])) {
		buf_addc(r->out, rest.p[0]);
		r->at++;
		return true;
	}
	if (rest.n < 2 || rest.p[0] != '/' || (rest.p[1] != '/' && rest.p[1] != '*'))
		return false;
	if (rest.p[1] == '/') {
		while (r->at < r->in.n && r->in.p[r->at] != '\n' && r->in.p[r->at] != '\r')
			r->at++;
	} else {
		end = memmem(rest.p + 2, rest.n - 2, "*/", 2);
		r->at = end ? (size_t)(end + 2 - r->in.p) : r->in.n;
	}
	buf_addc(r->out, ' ');
	return true;
}

static int read_sign(struct reader *r, char c)
{
	bool body = r->body;

	if (strchr(")]}", c))
		return read_close(r, c);
	if (c == ';') {
		read_semicolon(r);
		return 0;
	}
	if (c == '\\')
		return refuse(r, "a backslash outside of a string");
	r->at++;
	took(r, T_OTHER, r->at - 1);
	if ((c == '{' || c == '[') && open_bracket(r, c, PLAIN))
		return -1;
	if (c == '{' && body)
		buf_adds(r->out, "__t();");
	return 0;
}

static int read_token(struct reader *r)
{
	char c = r->in.p[r->at];
	enum paren due = r->due;
	int status;

	if (c == '(')
		return read_paren(r);
	if (name_char(c) && !isdigit((unsigned char)c)) {
		status = read_name(r);
		if (due == FUNCTION && r->due == PLAIN)
			r->due = FUNCTION; /* that was its name */
		return status;
	}
	r->due = PLAIN;
	if (c == '"' || c == '\'')
		return read_string(r);
	if (isdigit((unsigned char)c)) {
		size_t from = r->at;

		while (r->at < r->in.n && (name_char(r->in.p[r->at]) || r->in.p[r->at] == '.'))
			r->at++;
		took(r, T_VALUE, from);
		return 0;
	}
	if (c == '/' && (r->last == T_OTHER || r->last == T_NONE))
		return read_regexp(r);
	status = read_sign(r, c);
	if (c != ')')
		r->body = false;
	return status;
}

int guard_script(struct str code, struct buf *out, struct err *err)
{
	struct reader r = {.in = code, .out = out, .err = err};

	if (memmem(code.p, code.n, "\xe2\x80\xa8", 3) || memmem(code.p, code.n, "\xe2\x80\xa9", 3))
		return refuse(&r, "line separators other than new lines");
	while (r.at < code.n)
		if (!skip(&r) && read_token(&r))
			return -1;
	if (r.depth)
		return refuse(&r, "a bracket is not closed");
	return out->failed ? err_nomem(err) : 0;
}
