#include "model/outcome.h"

static const char *const words[] = {"sent",	 "retry",   "throttled", "failed",
				    "uncertain", "expired", "cancelled", "released"};

const char *outcome_word(enum outcome_kind k) { return words[k]; }
