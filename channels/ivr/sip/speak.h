/* Texts become sound files by a program that reads text and writes WAV: espeak-ng, or one that takes its options. */
#pragma once
#include <stdint.h>

#include "base/str.h"

/* What is spoken for a text of type `as` ("" if none): digits and telephone numbers one by one. */
void speak_text(struct buf *out, struct str text, const char *as);
/* Runs `program -v lang -w path --stdin` with the text on its standard input, at most SPEAK_SECONDS long; the file appears
 * whole or not at all. 0 or -1. Blocks. */
enum { SPEAK_SECONDS = 20 };
int speak_file(const char *program, const char *lang, struct str text, const char *path);
/* Removes the files of the folder that were used the longest ago until less than `keep` bytes are left. */
void speak_prune(const char *folder, int64_t keep);
