/* The inputs of a command that answers one line for each: its operands, or the lines of standard input for "-". */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* fn is called for each, in order; a line comes without its line end. -1 when standard input cannot be read. */
int input_each(int argc, char **argv, void (*fn)(void *arg, struct str input), void *arg, struct err *err);
/* Operands joined by spaces, or all of standard input for a single "-". */
int input_text(int argc, char **argv, struct buf *out, struct err *err);
