/*
 * Replies to offers: a message that is, as a whole, one of an offer's words ("YES", "Ja bitte"), from a customer to whom that
 * offer was presented, is the answer to it, whichever channel it comes by. Of several offers with the word the one presented
 * last is meant. Somebody who has written to the customer since may have asked something else: then it is an ordinary message.
 */
#pragma once
#include "events/events.h"
#include "intake/intake.h"
#include "outbound/outbound.h"

struct replies;

int replies_new(struct outbound *o, struct events *ev, struct replies **out, struct err *err);
void replies_free(struct replies **r);
void replies_bind(struct replies *r, struct intake_config *into); /* fills answer, answered, answer_arg */
