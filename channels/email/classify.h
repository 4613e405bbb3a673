/*
 * What kind of mail it is, from its header and parts. Reports first (RFC 3464, RFC 5965), then bounces without a report,
 * by who sends them and what they say, then automatic replies (RFC 3834 and what came before and beside it). When in
 * doubt a mail is a message: a person that is not answered is worse than a robot that an agent sees.
 */
#pragma once
#include "email/part.h"

int classify(struct part_context *x, struct part *root, struct mail *m); /* -1: out of memory */
