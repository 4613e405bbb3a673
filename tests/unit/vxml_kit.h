/* Runs a menu in memory and writes down what happened, so that a test is a document, what the caller does, and that. */
#pragma once

struct menu_file {
	const char *name, *text;
};

/*
 * The first of the files is begun with; its text without <vxml> is put into one. answers, separated by spaces, one for
 * each time the caller is asked (and he is silent when there are no more): keys, "-" silence, "!" hang up, "'words'"
 * with _ for spaces, "=result" of a transfer, "~" a recording.
 * What comes back, free() it: "P text|A url|B ms" prompts, "I name" input, "R", "T target", "F url body" fetches,
 * "S" submit, "G" goto, "L" log, "N" noinput, "M" nomatch, "V" event, "E" error, "X" fatal, "D" disconnect, and "."
 * with what the session returns, all separated by "; ".
 */
char *menu_run(const struct menu_file *files, const char *answers);
char *menu_one(const char *text, const char *answers);
/* The same for a form of one field: its content. */
char *menu_field(const char *inner, const char *answers);
