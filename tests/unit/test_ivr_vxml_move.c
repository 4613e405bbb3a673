/* From document to document: which variables survive, what subdialogs see and return, what is fetched. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/vxml_kit.h"

#define V "<vxml version='2.1' xmlns='http://www.w3.org/2001/vxml'"
#define FILES(...) ((const struct menu_file[]){__VA_ARGS__, {0}})
#define CHECK(files, answers, want)                       \
	do {                                              \
		char *got_ = menu_run(files, answers);    \
		cr_expect_str_eq(got_, want, "%s", got_); \
		free(got_);                               \
	} while (0)

Test(ivr_vxml_move, the_application_outlives_its_leaves)
{
	static const struct menu_file root = {
		"root", V "><var name='n' expr='1'/><catch event='mine'><log>root caught</log><exit/></catch>"
			  "<form><block><log>root <value expr='n'/></log><exit/></block></form></vxml>"};

	CHECK(FILES({"a",
		     V " application='root'><form><block><assign name='n' expr='n+1'/><goto next='b'/></block></form>"
		       "</vxml>"},
		    {"b",
		     V " application='root'><var name='n' expr='7'/><form><block><log><value expr='application.n'/>"
		       "<value expr='n'/></log><throw event='mine.too'/></block></form></vxml>"},
		    root),
	      "", "F root; G b; F b; L 27; V mine.too; L root caught; .");
	/* To the root by <goto> it is as it was, by <submit> anew. */
	CHECK(FILES({"a", V " application='root'><form><block><assign name='n' expr='5'/><goto next='root'/></block>"
			    "</form></vxml>"},
		    root),
	      "", "F root; G root; F root; L root 5; .");
	CHECK(FILES({"a", V " application='root'><form><block><assign name='n' expr='5'/><submit next='root' "
			    "namelist='n'/></block></form></vxml>"},
		    root),
	      "", "F root; S root n=5; F root?n=5; L root 1; .");
	/* Another application knows nothing of it. */
	CHECK(FILES({"a", V " application='root'><form><block><goto next='c#x'/></block></form></vxml>"},
		    {"c", V "><form id='w'><block><log>w</log></block></form><form id='x'><block><log><value "
			    "expr='typeof application.n'/></log></block></form></vxml>"},
		    root),
	      "", "F root; G c#x; F c; L undefined; .");
}

Test(ivr_vxml_move, what_cannot_be_had_is_an_event_where_one_was)
{
	CHECK(FILES({"a", V "><form><catch event='error.badfetch'><log><value expr='_event'/></log><exit/></catch>"
			    "<block><goto next='none'/></block></form></vxml>"}),
	      "", "G none; F none; E error.badfetch.http.404; L error.badfetch.http.404; .");
	CHECK(FILES({"a", V "><form><catch event='error'><log><value expr='_message'/></log><exit/></catch>"
			    "<block><goto next='bad'/></block></form></vxml>"},
		    {"bad", V "><form><block/><nonsense/></form></vxml>"}),
	      "", "G bad; F bad; E error.badfetch; L bad:1: <nonsense> is not supported; .");
	CHECK(FILES({"a", V "><form><catch event='error'><log><value expr='_message'/></log><exit/></catch>"
			    "<block><goto next='b#none'/></block></form></vxml>"},
		    {"b", V "><form/></vxml>"}),
	      "", "G b#none; F b; E error.badfetch; L the document has no such dialog; .");
	CHECK(FILES({"a", V " application='r'><form/></vxml>"}, {"r", V " application='q'><form/></vxml>"}), "",
	      "F r; X error the application's root names a root itself; .");
}

Test(ivr_vxml_move, a_subdialog_is_a_world_of_its_own)
{
	static const char *const doc =
		V "><var name='v' expr=\"'doc'\"/><form><var name='mine' expr='1'/><subdialog name='s' src='#sub'>"
		  "<param name='a' expr='mine+1'/><param name='b' value='text'/><filled><log>back <value expr='s.r'/> "
		  "<value expr='v'/></log></filled></subdialog><block><log>end</log></block></form>"
		  "<form id='sub'><var name='a' expr='9'/><var name='b'/><var name='c' expr='3'/>"
		  "<block><log><value expr='a+b+c+typeof mine+v'/></log><assign name='v' expr='0'/>"
		  "<var name='r' expr='a*10'/><return namelist='r'/></block></form></vxml>";

	CHECK(FILES({"a", doc}), "", "G #sub; L 2text3undefineddoc; L back 20 doc; L end; .");
	CHECK(FILES({"a", V "><form><subdialog src='#sub'><catch event='sad'><log>caught <value expr='_message'/></log>"
			    "<exit/></catch></subdialog></form><form id='sub'><block><return event='sad.very' "
			    "message='so'/></block></form></vxml>"}),
	      "", "G #sub; V sad.very; L caught so; .");
	CHECK(FILES({"a", V "><form><subdialog src='#sub'><param name='x' expr='1'/></subdialog></form>"
			    "<form id='sub'><block/></form></vxml>"}),
	      "", "G #sub; E error.semantic; X error.semantic a:1: the dialog has no variable \"x\"; .");
	CHECK(FILES({"a", V "><form><block><return/></block></form></vxml>"}), "",
	      "E error.semantic; X error.semantic a:1: <return> outside of a subdialog; .");
	CHECK(FILES({"a", V "><form id='f'><subdialog src='#f'/></form></vxml>"}), "",
	      "G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; G #f; "
	      "X error too many subdialogs within each other; .");
	CHECK(FILES({"a", V "><form><subdialog name='s' src='b' namelist='x' method='post'/><var name='x' "
			    "expr=\"'ü &amp;'\"/><block><log><value expr='s.k'/></log></block></form></vxml>"},
		    {"b", V "><form><var name='k' expr='4'/><block><goto next='c'/></block></form></vxml>"},
		    {"c", V "><form><var name='k' expr='5'/><block><return namelist='k'/></block></form></vxml>"}),
	      "", "G b; F b x=%C3%BC+%26; G c; F c; L 5; .");
}

Test(ivr_vxml_move, scripts_grammars_and_data_are_fetched)
{
	CHECK(FILES({"d/a",
		     V "><script src='s.js'/><form><field name='f'><grammar src='../g.grxml#two' type="
		       "'application/srgs+xml'/></field><block><log><value expr='twice(f)'/></log></block></form>"
		       "</vxml>"},
		    {"d/s.js", "function twice(x){return x+x}"},
		    {"g.grxml", "<grammar xmlns='http://www.w3.org/2001/06/grammar' version='1.0' mode='dtmf'>"
				"<rule id='one'>1</rule><rule id='two'>2</rule></grammar>"}),
	      "2", "F d/s.js; F g.grxml; I f; L 22; .");
	CHECK(FILES({"a",
		     V "><form><block><data name='d' src='x'/><log><value "
		       "expr=\"d.documentElement.getElementsByTagName('i').item(1).firstChild.data + "
		       "d.documentElement.getAttribute('k') + d.documentElement.firstChild.nextSibling.nodeName\"/>"
		       "</log><data name='j' src='y'/><log><value expr='j.list[1]'/></log></block></form></vxml>"},
		    {"x", "<l k='v'><i>1</i><i>2</i></l>"}, {"y", " {\"list\":[5,6]}"}),
	      "", "F x; L 2vi; F y; L 6; .");
	CHECK(FILES({"a", V "><form><catch event='error'><log>no</log><exit/></catch><block><data name='d' "
			    "src='x'/></block></form></vxml>"},
		    {"x", "<l>"}),
	      "", "F x; E error.badfetch; L no; .");
	CHECK(FILES({"a", V "><form><field name='f'><grammar src='g'/></field></form></vxml>"}, {"g", "<x/>"}), "",
	      "F g; E error.badfetch; X error.badfetch a:1: g:1: no grammar in SRGS's XML form; .");
}
