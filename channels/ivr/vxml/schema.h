/*
 * What may stand where in VoiceXML 2.1, SSML 1.0 and SRGS 1.0: elements, their attributes and contents, as one table.
 * Checking marks each node with its tag, so that nobody compares names later. Pure; thread-safe.
 */
#pragma once
#include "ivr/vxml/tree.h"

enum tag {
	TAG_ASSIGN = 1,
	TAG_AUDIO,
	TAG_BLOCK,
	TAG_BREAK,
	TAG_CATCH,
	TAG_CHOICE,
	TAG_CLEAR,
	TAG_DATA,
	TAG_DISCONNECT,
	TAG_ELSE,
	TAG_ELSEIF,
	TAG_ENUMERATE,
	TAG_ERROR,
	TAG_EXIT,
	TAG_FIELD,
	TAG_FILLED,
	TAG_FOREACH,
	TAG_FORM,
	TAG_GOTO,
	TAG_GRAMMAR,
	TAG_HELP,
	TAG_IF,
	TAG_IGNORED, /* meta, lexicon, desc and their like */
	TAG_INITIAL,
	TAG_ITEM,
	TAG_LINK,
	TAG_LOG,
	TAG_MENU,
	TAG_NOINPUT,
	TAG_NOMATCH,
	TAG_ONE_OF,
	TAG_OPTION,
	TAG_PARAM,
	TAG_PROMPT,
	TAG_PROPERTY,
	TAG_RECORD,
	TAG_REPROMPT,
	TAG_RETURN,
	TAG_RULE,
	TAG_RULEREF,
	TAG_SAY_AS,
	TAG_SCRIPT,
	TAG_SPOKEN, /* SSML that changes how something sounds, or groups it: its text is what counts here */
	TAG_SUB,
	TAG_SUBDIALOG,
	TAG_SUBMIT,
	TAG_TAG,
	TAG_THROW,
	TAG_TOKEN,
	TAG_TRANSFER,
	TAG_VALUE,
	TAG_VAR,
	TAG_VXML
};

/* The whole of a document (top is <vxml>) or of a grammar file (top is <grammar>). */
int schema_check(struct node *top, const char *url, struct err *err);

bool tag_is_item(int tag);    /* a form item */
bool tag_is_input(int tag);   /* one that takes something in: field, record, transfer, subdialog */
bool tag_is_handler(int tag); /* catch, error, help, noinput, nomatch */
