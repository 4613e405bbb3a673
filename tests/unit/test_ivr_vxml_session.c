/* The form interpretation algorithm, as documents and callers see it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/vxml_kit.h"

#define CHECK(text, answers, want)                    \
	do {                                          \
		char *got_ = menu_one(text, answers); \
		cr_expect_str_eq(got_, want);         \
		free(got_);                           \
	} while (0)

Test(ivr_vxml_session, a_menu_goes_where_the_key_says)
{
	static const char menu[] = "<menu dtmf='true'><prompt>Press <enumerate><value expr='_dtmf'/> for "
				   "<value expr='_prompt'/> </enumerate></prompt>"
				   "<choice next='#a'>apples</choice><choice next='#p'>pears</choice>"
				   "<choice dtmf='0' event='operator'>a person</choice>"
				   "<noinput>Well?<reprompt/></noinput></menu>"
				   "<form id='a'><block>apples</block></form><form id='p'><block>pears</block></form>"
				   "<catch event='operator'>ringing<exit expr='1+1'/></catch>";

	CHECK(menu, "2", "P Press 1 for apples 2 for pears 0 for a person; I; G #p; P pears; .");
	CHECK(menu, "'pears'", "P Press 1 for apples 2 for pears 0 for a person; I; G #p; P pears; .");
	CHECK(menu, "0", "P Press 1 for apples 2 for pears 0 for a person; I; V operator; P ringing; . 2");
	CHECK(menu, "- 1",
	      "P Press 1 for apples 2 for pears 0 for a person; I; N 1; P Well?; "
	      "P Press 1 for apples 2 for pears 0 for a person; I; G #a; P apples; .");
	CHECK(menu, "9 !",
	      "P Press 1 for apples 2 for pears 0 for a person; I; M 1 9; P Press 1 for apples 2 for pears 0 for a "
	      "person; I; V connection.disconnect.hangup; .");
}

Test(ivr_vxml_session, prompts_and_handlers_count)
{
	static const char form[] =
		"<form><field name='f' type='digits?length=2'>"
		"<prompt count='1'>first</prompt><prompt count='2'>second</prompt><prompt count='2' cond='false'>no"
		"</prompt><noinput>n1<reprompt/></noinput><noinput count='2'>n2</noinput><noinput count='3'><exit/>"
		"</noinput></field><filled><log>got <value expr='f'/></log></filled></form>";

	CHECK(form, "- - -", "P first; I f; N 1; P n1; P second; I f; N 2; P n2; I f; N 3; .");
	CHECK(form, "- 42", "P first; I f; N 1; P n1; P second; I f; L got 42; .");
}

Test(ivr_vxml_session, events_match_by_prefixes)
{
	CHECK("<catch event='a.b'><log>ab</log><exit/></catch><catch><log>all</log><exit/></catch>"
	      "<form><block><throw event='a.b.c' message='why'/></block></form>",
	      "", "V a.b.c; L ab; .");
	CHECK("<catch event='a.b'><log>ab</log><exit/></catch><catch event='x a.bc.'><log><value expr='_event'/>"
	      "<value expr='_message'/></log><exit/></catch>"
	      "<form><block><throw eventexpr=\"'a.'+'bc.d'\" message='why'/></block></form>",
	      "", "V a.bc.d; L a.bc.dwhy; .");
	CHECK("<form><catch event='e' count='2'><log>2</log></catch><catch event='e'><log>1</log></catch>"
	      "<block><throw event='e.f'/></block><block><throw event='e.g'/></block></form>",
	      "", "V e.f; L 1; V e.g; L 1; .");
	CHECK("<form><catch event='e' count='2'><log>2</log></catch><catch event='e'><log>1</log></catch>"
	      "<field name='f'><catch event='noinput'><throw event='e.f'/></catch></field></form>",
	      "- - !", "I f; N 1; V e.f; L 1; I f; N 2; V e.f; L 2; I f; V connection.disconnect.hangup; .");
	CHECK("<form><block><throw event='nobody.cares'/></block></form>", "", "V nobody.cares; .");
	CHECK("<form><block>x<throw event='error.mine'/></block></form>", "",
	      "E error.mine; X error.mine m.vxml:1: error.mine; P x; .");
	CHECK("<catch><throw event='again'/></catch><form><block><throw event='again'/></block></form>", "",
	      "V again; V again; V again; V again; V again; V again; V again; V again; X error events throw each other "
	      "without end; .");
}

Test(ivr_vxml_session, scopes_shadow_each_other)
{
	CHECK("<var name='v' expr='1'/><form><var name='v' expr='2'/><block><var name='v' expr='3'/>"
	      "<log><value expr='v'/><value expr='dialog.v'/><value expr='document.v'/>"
	      "<value expr='application.v'/><value expr='caller'/><value expr='session.deep.er[1]'/></log></block>"
	      "<block><log><value expr='v'/></log><assign name='document.v' expr='9'/>"
	      "<log><value expr='document.v'/></log></block></form>",
	      "", "L 3211Ada2; L 2; L 9; .");
	CHECK("<form><block><assign name='nowhere' expr='1'/></block><catch event='error.semantic'><log>no</log>"
	      "<exit/></catch></form>",
	      "", "E error.semantic; L no; .");
	CHECK("<form><block><assign name='session.caller' expr='1'/></block></form>", "",
	      "E error.semantic; X error.semantic m.vxml:1: \"session.caller\" cannot be changed; .");
	CHECK("<script>function twice(x){return 2*x} var k=4</script><form><script>var d=twice(k)</script>"
	      "<block><script>var a=d+1; k=7</script><log><value expr='a+k'/></log></block></form>",
	      "", "L 16; .");
}

Test(ivr_vxml_session, secrets_and_the_session_are_kept)
{
	CHECK("<form><block><log>[<value expr='session.connection.remote.uri'/>] <value "
	      "expr='typeof session.connection.redirect'/> <value expr='undefined'/></log></block></form>",
	      "", "L [] undefined undefined; .");
}

Test(ivr_vxml_session, content_branches_and_loops)
{
	static const char form[] =
		"<form><block><var name='n' expr='%d'/><if cond='n==1'><log>one</log><elseif cond='n==2'/>"
		"<if cond='true'><log>two</log></if><else/><log>many</log></if><log>end</log></block></form>";
	static const char *const wants[] = {"L one; L end; .", "L two; L end; .", "L many; L end; ."};

	for (int i = 0; i < 3; i++) {
		char doc[512];

		snprintf(doc, sizeof doc, form, i + 1);
		CHECK(doc, "", wants[i]);
	}
	CHECK("<form><block><foreach item='x' array='[1,2]'><foreach item='y' array='[x,3]'><log><value expr='x'/>"
	      "<value expr='y'/></log></foreach></foreach><foreach item='z' array='[]'><log>no</log></foreach>"
	      "<prompt>a <foreach item='w' array='[7,8]'><value expr='w'/><break time='1s'/></foreach></prompt>"
	      "</block></form>",
	      "", "L 11; L 13; L 22; L 23; P a 7; B 1000; P 8; B 1000; .");
}

Test(ivr_vxml_session, items_are_visited_while_they_are_undefined)
{
	CHECK("<form><block name='b' expr='1'><log>no</log></block><block cond='false'><log>no</log></block>"
	      "<block><log>1</log><goto nextitem='last'/><log>no</log></block><block><log>3</log></block>"
	      "<block name='last'><log>2</log><clear namelist='b'/><assign name='b' expr='0'/></block></form>",
	      "", "L 1; G last; L 2; L 3; .");
	CHECK("<form><var name='n' expr='0'/><block name='b'><assign name='n' expr='n+1'/><if cond='n==1'>"
	      "<clear/></if><log><value expr='n'/></log></block></form>",
	      "", "L 1; L 2; .");
	CHECK("<form><block><goto nextitem='nowhere'/></block></form>", "",
	      "E error.badfetch; X error.badfetch m.vxml:1: there is no form item \"nowhere\"; .");
}

Test(ivr_vxml_session, filled_runs_when_what_it_names_is_there)
{
	static const char form[] =
		"<form><field name='a' type='digits?length=1'/><field name='b' type='digits?length=1'>"
		"<filled><log>b</log></filled></field><filled mode='any' namelist='a b'><log>any</log></filled>"
		"<filled><log>all</log></filled><filled namelist='a'><log>a</log></filled></form>";

	CHECK(form, "1 2", "I a; L any; L a; I b; L b; L any; L all; .");
}

Test(ivr_vxml_session, grammars_fill_forms_and_links_lead_away)
{
	static const char doc[] =
		"<link event='help' dtmf='*'/><link next='#other'><grammar mode='dtmf' version='1.0' root='r'>"
		"<rule id='r'>9 9</rule></grammar></link>"
		"<form><grammar mode='dtmf' version='1.0' root='r' tag-format='semantics/1.0'><rule id='r'>"
		"<ruleref uri='#d'/><tag>out.x=rules.d;</tag> * <ruleref uri='#d'/><tag>out.y=rules.latest()"
		"</tag></rule><rule id='d'><one-of><item>1<tag>out='one'</tag></item><item>2<tag>out='two'</tag>"
		"</item></one-of></rule></grammar>"
		"<initial name='i'><prompt>both</prompt></initial><field name='x'><prompt>x?</prompt><option "
		"dtmf='1'>uno</option></field>"
		"<field name='y'><option dtmf='5' value='five'>cinco</option></field><filled><log><value "
		"expr='x+y'/></log></filled></form>"
		"<form id='other'><block><log>other</log></block></form><help><log>helped</log></help>";

	(void)doc;
	CHECK(doc, "99", "P both; I i; G #other; L other; .");
	CHECK(doc, "* !", "P both; I i; V help; L helped; I i; V connection.disconnect.hangup; .");
}

Test(ivr_vxml_session, forms_can_be_filled_at_once)
{
	static const char doc[] =
		"<form><grammar mode='dtmf' version='1.0' root='r' tag-format='semantics/1.0'><rule id='r'>"
		"<ruleref uri='#d'/><tag>out.x=rules.latest;</tag> * <ruleref uri='#d'/><tag>out.y=rules.d"
		"</tag></rule><rule id='d'><one-of><item>1<tag>out='one'</tag></item><item>2<tag>out='two'</tag>"
		"</item></one-of></rule></grammar>"
		"<initial name='i'><prompt>both</prompt></initial><field name='x'><option dtmf='1'>uno</option></field>"
		"<field name='y'><option dtmf='5' value='five'>cinco</option></field><filled><log><value "
		"expr='x+y'/></log></filled></form>";

	CHECK(doc, "1*2", "P both; I i; L onetwo; .");
	CHECK(doc, "1*1", "P both; I i; L oneone; .");
}

Test(ivr_vxml_session, a_slot_may_be_a_path)
{
	CHECK("<form><field name='f' slot='a.b'><grammar mode='dtmf' version='1.0' root='r' tag-format='semantics/1.0'>"
	      "<rule id='r'>1<tag>out.a={b:'deep'}</tag></rule></grammar></field><field name='g' slot='a.x'><grammar "
	      "mode='dtmf' version='1.0' root='r' tag-format='semantics/1.0-literals'><rule id='r'>1<tag>lit</tag>"
	      "</rule></grammar></field><block><log><value expr='f+g+application.lastresult$.inputmode+"
	      "application.lastresult$[0].utterance+g$.interpretation'/></log></block></form>",
	      "1 1", "I f; I g; L deeplitdtmf1lit; .");
}

Test(ivr_vxml_session, another_dialog_is_entered_by_its_grammar)
{
	static const char doc[] = "<form><field name='f' type='digits?length=2'><prompt>f</prompt></field></form>"
				  "<form scope='document' id='other'><grammar mode='dtmf' version='1.0' root='r' "
				  "tag-format='semantics/1.0'><rule "
				  "id='r'>*<tag>out.g='star'</tag></rule></grammar><block><log>block</log>"
				  "</block><field name='g'><filled><log><value expr='g'/></log></filled></field></form>"
				  "<menu scope='document'><choice dtmf='#' event='hash'>x</choice></menu>"
				  "<catch event='hash'><log>hash</log><exit/></catch>";

	CHECK(doc, "*", "P f; I f; L star; L block; .");
	CHECK(doc, "#", "P f; I f; V hash; L hash; .");
}

Test(ivr_vxml_session, typing_ahead_and_bargein)
{
	CHECK("<form><field name='a' type='digits?length=2'><prompt>a</prompt></field><field name='b' "
	      "type='digits?length=1'><prompt>b</prompt></field><block><log><value "
	      "expr=\"a+'-'+b\"/></log></block></form>",
	      "123", "P a; I a; L 12-3; .");
	CHECK("<form><field name='a' type='digits?length=1'/><field name='b' type='digits?length=1'><prompt "
	      "bargein='false'>b</prompt></field><block><log><value expr=\"a+'-'+b\"/></log></block></form>",
	      "12 3", "I a; P b !; I b; L 1-3; .");
}

Test(ivr_vxml_session, a_caller_who_hangs_up_is_said_goodbye)
{
	CHECK("<form><field name='f' type='digits'/><catch event='connection.disconnect'><log>gone</log>"
	      "<submit next='bye' namelist='f'/></catch></form>",
	      "!",
	      "I f; V connection.disconnect.hangup; L gone; S bye f=undefined; F bye?f=undefined; "
	      "E error.badfetch.http.404; X error.badfetch.http.404 m.vxml:1: bye cannot be had; .");
	CHECK("<form><block>Bye.<disconnect/></block><catch event='connection.disconnect.hangup'><log>x</log>"
	      "</catch><block><log>y</log></block><field name='f'/></form>",
	      "", "P Bye.; D; V connection.disconnect.hangup; L x; L y; .");
	CHECK("<form><var name='a' expr='1'/><block><disconnect namelist='a'/></block></form>", "",
	      "D; V connection.disconnect.hangup; . {\"a\":1}");
}

Test(ivr_vxml_session, transfers_and_recordings_have_results)
{
	static const char xfer[] = "<form><transfer name='t' dest='tel:+4930123' type='%s'><filled><log><value "
				   "expr='t'/> <value expr='t$.duration'/></log></filled></transfer><catch "
				   "event='connection.disconnect error'><log>c</log><exit/></catch></form>";
	char doc[512];

	snprintf(doc, sizeof doc, xfer, "bridge");
	CHECK(doc, "=busy", "T tel:+4930123 bridge; L busy 1.5; .");
	CHECK(doc, "=error.connection.noroute", "T tel:+4930123 bridge; E error.connection.noroute; L c; .");
	snprintf(doc, sizeof doc, xfer, "blind");
	CHECK(doc, "=", "T tel:+4930123 blind; V connection.disconnect.transfer; L c; .");
	CHECK("<form><transfer name='t' dest='http://x'/></form>", "",
	      "E error.unsupported.uri; X error.unsupported.uri m.vxml:1: cannot call http://x; .");
	CHECK("<form><record name='r' beep='true' maxtime='10s'><prompt>Speak</prompt><filled><log><value expr='r'/> "
	      "<value expr='r$.duration+r$.size'/></log></filled></record></form>",
	      "- ~", "P Speak; R r; N 1; P Speak; R r; L file:r.wav 2009; .");
}

Test(ivr_vxml_session, one_field_of_each_type)
{
	static const struct {
		const char *inner, *answers, *want;
	} cases[] = {
		{"<property name='termchar' value=''/><grammar src='builtin:dtmf/digits?maxlength=3'/>", "12",
		 "I f; L string 12; ."},
		{"<grammar mode='dtmf' version='1.0' root='r'><rule id='r'>1 <item "
		 "repeat='1-2'>2</item></rule></grammar>",
		 "122", "I f; L string 122; ."},
		{"<grammar mode='dtmf' version='1.0' root='r'><rule id='r'>1 <item "
		 "repeat='1-2'>2</item></rule></grammar>",
		 "12", "I f; L string 12; ."},
		{"<grammar mode='dtmf' version='1.0' root='r'><rule id='r'>1<tag>'yes'</tag></rule></grammar>", "1",
		 "I f; L string yes; ."},
		{"<option dtmf='1' value='a'>A</option><option dtmf='11'>B</option>", "11", "I f; L string B; ."},
		{"<option dtmf='1' value='a'>A</option><option dtmf='11'>B</option>", "1", "I f; L string a; ."},
		{"<option dtmf='1' value='a'>A b</option>", "'a_b'", "I f; L string a; ."},
		{"<option dtmf='1'>A</option><nomatch><log>no</log><exit/></nomatch>", "2", "I f; M 1 2; L no; ."},
		{"<option dtmf='1'>A</option><nomatch><log>no</log><exit/></nomatch>", "#", "I f; M 1; L no; ."},
	};
	static const char *const types[][3] = {{"boolean", "1", "boolean true"},
					       {"boolean?y=7;n=9", "9", "boolean false"},
					       {"currency", "12*50#", "string 12.50"},
					       {"number", "3*14#", "string 3.14"},
					       {"phone", "0301234*5#", "string 0301234x5"},
					       {"date", "20240229", "string 20240229"},
					       {"time", "0930", "string 0930?"},
					       {"time", "1430", "string 1430h"},
					       {"digits", "1234#", "string 1234"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = menu_field(cases[i].inner, cases[i].answers);
		cr_expect_str_eq(got, cases[i].want, "%s: %s", cases[i].inner, got);
		free(got);
	}
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		char inner[128], want[128];

		snprintf(inner, sizeof inner, "<grammar src='builtin:dtmf/%s'/>", types[i][0]);
		snprintf(want, sizeof want, "I f; L %s; .", types[i][2]);
		char *got = menu_field(inner, types[i][1]);
		cr_expect_str_eq(got, want, "%s: %s", types[i][0], got);
		free(got);
	}
	char *got = menu_field("<grammar src='builtin:dtmf/date'/><nomatch><exit/></nomatch>", "20230229");
	cr_expect_str_eq(got, "I f; M 1 20230229; .");
	free(got);
}
