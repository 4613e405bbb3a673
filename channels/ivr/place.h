/* Messages of the channel: the customer is called, and the text is spoken. */
#pragma once
#include "ivr/call.h"

size_t place_submit(struct account *a, const struct delivery *v, size_t n);
void place_cancel(struct account *a, const struct delivery_id *id);
