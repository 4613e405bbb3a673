/* What the scheduler does from time to time, as a table of write jobs (see scheduler.h). */
#pragma once
#include "config.h"
#include "scheduler.h"

struct chores {
	const struct config *c;
	struct events *events;
	struct intake *intake;
};

int chores_start(struct chores *w, struct writer *writer, struct scheduler **out, struct err *err);
