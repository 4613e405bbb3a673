/*
 * What other systems tell of a customer ("bill", "purchase", "usage"), in a form that can be asked over all customers. The
 * interaction is what is read and shown; beside it stand its name and the simple members of its data, with their types,
 * in order of customers (see segment/).
 */
#pragma once
#include "timeline/interaction.h"

enum { EVENT_NAME_MAX = 128, EVENT_VALUES_MAX = 32 };

/* 1 to EVENT_NAME_MAX of letters, digits, _, - and . in ASCII. ERR_SEMANTIC "event_name_invalid". */
int event_name_check(struct str name, struct err *err);
/* Inside the job that appends i, after it. data: object or NULL; of its members the first EVENT_VALUES_MAX that are simple
 * (no lists, objects or null) and short can be asked for. */
int event_values_add(struct db *db, const struct interaction *i, struct str name, const json_t *data, struct err *err);
