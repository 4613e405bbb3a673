/* Scripts stay within their bounds, whatever they try. */
#include <criterion/criterion.h>

#include "ivr/vxml/guard.h"
#include "ivr/vxml/script.h"

static struct script *js;
static struct chain chain;

static void setup(void)
{
	struct err e = {0};

	js = script_new(4 << 20, 5000, &e);
	cr_assert_not_null(js);
	for (int i = 0; i < SCOPES; i++)
		cr_assert_eq(script_scope_new(js, &chain.scope[i], &e), 0);
}

static void teardown(void) { script_free(&js); }

TestSuite(ivr_vxml_script, .init = setup, .fini = teardown);

static void gives(const char *expr, const char *want)
{
	struct arena *a = arena_new(1 << 20);
	struct err e = {0};
	char *out = NULL;

	cr_assert_not_null(a);
	int r = script_text(js, &chain, expr, a, &out, &e);

	cr_expect_str_eq(r ? e.msg : out ? out : "(undefined)", want, "%s: %s", expr, r ? e.msg : out);
	arena_free(&a);
}

Test(ivr_vxml_script, expressions_have_values)
{
	static const char *const cases[][2] = {
		{"1+1", "2"},
		{"undefined", "(undefined)"},
		{"({a:1}).a", "1"},
		{"new Function('a','b','return a*b')(6,7)", "42"},
		{"(function(){var n=0;for(var i=0;i<5;i++)n+=i;do{n++}while(n<20);for(;;)return n})()", "20"},
		{"(function(){for(var k in {x:1})return k})()", "x"},
		{"({get x(){return 3}, set x(v){}}).x", "3"},
		{"/^\\d{4}[/\\]]?$/.test('1234') && 8/2/2", "script: a regular expression does not end"},
		{"/^\\d{4}$/.test('1234') ? 8/2/2 : 0", "2"},
		{"'abcabc'.match('b').index + 'x'.search(/x/)", "1"},
		{"new RegExp('a+','g').test('caat')", "true"},
		{"[3,1,2].sort().join('-') /* while( */ // for(;;", "1-2-3"},
		{"typeof session + typeof dialog", "objectobject"},
		{"'while(1);'.length", "9"},
		{"{}.while = 1, 2", "2"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		gives(cases[i][0], strncmp(cases[i][1], "script: ", 8) == 0 ? cases[i][1] + 8 : cases[i][1]);
}

Test(ivr_vxml_script, what_does_not_end_is_ended)
{
	static const char *const cases[] = {
		"(function(){while(1);})()",
		"(function(){for(;;);})()",
		"(function(){for(var i=0;;i++);})()",
		"(function(){do;while(true)})()",
		"(function(){while(1)try{while(1);}catch(e){}})()",
		"(function f(n){return n<2?n:f(n-1)+f(n-2)})(30)",
		"({get x(){return this.x+this.x}, y:1}).x",
		"Array.prototype.indexOf.call({length:4e9},1)",
		"new Function('while(1);')()",
		"(function(){}).constructor('while(1);')()",
		"[1,2,3].sort(function(){while(1);})",
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = {0};
		bool yes;
		int r = script_truth(js, &chain, cases[i], &yes, &e);

		cr_expect_eq(r, -1, "%s", cases[i]);
		cr_expect(strstr(e.msg, "too long") || strstr(e.msg, "stack overflow") ||
				  strstr(e.msg, "array too large"),
			  "%s: %s", cases[i], e.msg);
	}
	gives("1", "1");
}

Test(ivr_vxml_script, memory_is_bounded_and_dangers_are_refused)
{
	gives("(function(){var s='0123456789';for(;;)s+=s})()", "out of memory");
	gives("eval('1')", "eval is not supported");
	gives("__t = 1", "names beginning with __ are not for scripts");
	gives("(this)['__' + 't'] = function(){return true}, 3", "3"); /* it cannot be replaced: see the next one */
	gives("(function(){while(1);})()", "RangeError: the script takes too long");
	gives("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", "a regular expression repeats what repeats");
	gives("new RegExp('(a|a)*$')", "SyntaxError: a regular expression repeats what repeats");
	gives("/x/.constructor('(a|a)*$')", "SyntaxError: a regular expression repeats what repeats");
	gives("''.match('(a*)*')", "SyntaxError: a regular expression repeats what repeats");
	gives("1)+(1", "a bracket closes that is not open");
	gives("'\\u0061' + w\\u0068ile", "a backslash outside of a string");
	gives("", "the expression is empty");
	gives("nope", "ReferenceError: 'nope' is not defined");
}

Test(ivr_vxml_script, patterns_that_repeat_what_repeats_are_found)
{
	static const char *const fine[] = {"a*b+c?", "(abc)+", "(a|b)", "[(*]+", "\\(a*\\)*", "(?:ab){2,}", "((a))+"};
	static const char *const bad[] = {"(a*)*", "(a|b)+", "((a+))*", "(?:x{2,})+", "((a)+b)*", "(a{1,9}){1,9}"};

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		cr_expect(guard_pattern(str_of(fine[i])), "%s", fine[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect(!guard_pattern(str_of(bad[i])), "%s", bad[i]);
}
