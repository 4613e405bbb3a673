/*
 * What `threadline explain menu` shows: a menu run with the keys one gives it, step by step, each a JSON object:
 * {"step":"prompt|input|noinput|nomatch|goto|submit|record|transfer|log|error|exit", "text", "target", "value"}.
 *
 * keys: what the caller does each time he is asked, separated by commas: digits ("1", "1234#"), "noinput" or nothing,
 * "hangup", "say:WORDS" for grammars of speech; at a transfer its result ("busy", "noanswer", …). When there are no more,
 * the caller is silent, and hangs up when he was asked ten times. Who is called answers after two seconds and talks for
 * a minute. Documents that are fetched are read from disk: addresses of servers by their last part, from beside the file.
 * Used by the command line only.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* -1: the menu is refused, or it ended by an error: the last line has an "error". */
int vxml_explain(const char *file, const char *keys, struct str vars, void (*line)(void *arg, struct str json),
		 void *arg);
