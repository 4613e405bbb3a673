/* The MIME part of a mail: its Content-* fields, the empty line, and what follows. Private to compose.c. */
#pragma once
#include "email/compose.h"

void compose_body_init(void);
/* *header: where the fields end in `out`; the empty line comes next. */
int compose_body(const struct outgoing *m, struct buf *out, size_t *header, struct err *err);
