/* Subjects of mails: which are answers, and to what. Pure. */
#pragma once
#include "base/str.h"

/* "Re: AW: Your bill" → "Your bill", true; what has no such mark at its beginning is no answer. "Fwd:" is none. */
bool subject_answers(struct str subject, struct str *rest);
/* The same but for marks of answers, ASCII case and white space, and long enough to mean something. */
bool subject_same(struct str a, struct str b);
