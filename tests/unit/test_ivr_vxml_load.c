/* What is refused when a menu is loaded, and that it says where. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "ivr/vxml/vxml.h"

#define HEAD "<vxml version='2.1'\n xmlns='http://www.w3.org/2001/vxml'>\n"

static void refused(const char *text, const char *why)
{
	struct err e = {0};
	struct vxml_doc *d = vxml_doc_load(str_of(text), "dir/m.vxml", NULL, &e);

	cr_expect_null(d, "%s", text);
	cr_expect_str_eq(e.msg, why, "%s", e.msg);
	vxml_doc_free(&d);
}

Test(ivr_vxml_load, what_is_wrong_is_named_with_file_and_line)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "dir/m.vxml:1: Document is empty"},
		{"<vxml>\n<form>", "dir/m.vxml:2: Premature end of data in tag form line 2"},
		{"<html/>", "dir/m.vxml:1: <html> is no VoiceXML"},
		{"<vxml version='1.0'/>", "dir/m.vxml:1: only versions 2.0 and 2.1 are supported"},
		{"<vxml/>", "dir/m.vxml:1: <vxml> has no version"},
		{HEAD "<form>\n<object classid='x'/></form></vxml>", "dir/m.vxml:4: <object> is not supported"},
		{HEAD "<form><block><goto/></block></form></vxml>",
		 "dir/m.vxml:3: <goto> needs exactly one of: next expr nextitem expritem"},
		{HEAD "<form>\n\n<block><exit expr='1' namelist='a'/></block></form></vxml>",
		 "dir/m.vxml:5: <exit> needs at most one of: expr namelist"},
		{HEAD "<form><block colour='1'/></form></vxml>", "dir/m.vxml:3: <block> has no attribute \"colour\""},
		{HEAD "<block/></vxml>", "dir/m.vxml:3: <block> does not stand in <vxml>"},
		{HEAD "<form>text</form></vxml>", "dir/m.vxml:3: <form> holds no text"},
		{HEAD "<form><field name='a'/><field name='a'/></form></vxml>",
		 "dir/m.vxml:3: another item of the form has this name"},
		{HEAD "<form><field name='var'/></form></vxml>",
		 "dir/m.vxml:3: the name is none that a variable can have"},
		{HEAD "<form><field name='a' type='colour'/></form></vxml>",
		 "dir/m.vxml:3: there is no built-in type \"colour\""},
		{HEAD "<form id='a'/><menu id='a'/></vxml>", "dir/m.vxml:3: another dialog has this id"},
		{HEAD "<form><filled namelist='x'/></form></vxml>",
		 "dir/m.vxml:3: the namelist names what is no input item of the form"},
		{HEAD "<menu dtmf='true'><choice dtmf='1' next='#a'>x</choice></menu></vxml>",
		 "dir/m.vxml:3: in a menu with dtmf=\"true\" only * # and 0 can be chosen freely"},
		{HEAD "<menu><choice dtmf='1x' next='#a'>x</choice></menu></vxml>", "dir/m.vxml:3: \"1x\" are no keys"},
		{HEAD "<form><field><prompt timeout='5'/></field></form></vxml>",
		 "dir/m.vxml:3: a time is a number with s or ms"},
		{HEAD "<form><field><prompt count='0'/></field></form></vxml>",
		 "dir/m.vxml:3: count is a number from 1"},
		{HEAD "<form><field><grammar mode='dtmf' version='1.0'>#ABNF 1.0</grammar></field></form></vxml>",
		 "dir/m.vxml:3: only the XML form of grammars is supported"},
		{HEAD "<form><field><grammar mode='dtmf' version='1.0' root='r'><rule id='r'><ruleref uri='#r'/></rule>"
		      "</grammar></field></form></vxml>",
		 "dir/m.vxml:3: rules within each other without end"},
		{HEAD "<form><field><grammar mode='dtmf' version='1.0'><rule id='r'><item repeat='1000'><item "
		      "repeat='1000'>1</item></item></rule></grammar></field></form></vxml>",
		 "dir/m.vxml:3: the grammar is too large"},
		{"<!DOCTYPE vxml [<!ENTITY a 'b'>]>\n<vxml version='2.1'>&a;</vxml>",
		 "dir/m.vxml:2: the entity \"a\" is not known"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refused(cases[i].text, cases[i].why);
}

Test(ivr_vxml_load, it_is_bounded)
{
	static const struct vxml_limits small = {.document = 100};
	char deep[3000] = HEAD "<form><block><prompt>";
	struct err e = {0};
	struct vxml_doc *d = vxml_doc_load(
		STR(HEAD "<form><block>too many words for so small a limit</block></form></vxml>"), "m", &small, &e);

	cr_expect_null(d);
	cr_expect_str_eq(e.msg, "m:1: more than 100 bytes");
	size_t n = strlen(deep);
	for (int i = 0; i < 100; i++, n += 3)
		memcpy(deep + n, "<s>", 3);
	for (int i = 0; i < 100; i++, n += 4)
		memcpy(deep + n, "</s>", 4);
	snprintf(deep + n, sizeof deep - n, "</prompt></block></form></vxml>");
	refused(deep, "dir/m.vxml:3: too many elements, or too deep");
}
