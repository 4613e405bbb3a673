/*
 * From the parts of a mail to what is read: which parts are the text, which the HTML, which are attachments. The choice
 * is that of JMAP (RFC 8621 section 4.1.4), which is what mail programs do: of alternatives one for each, texts between
 * pictures in their order, everything else an attachment. Uuencoded files in a text become attachments.
 */
#pragma once
#include "email/part.h"

int body_read(struct part_context *x, struct part *root, struct mail *out); /* -1: out of memory */
