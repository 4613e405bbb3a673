/*
 * libsmpp34 (1.14.1), behind one file: nothing else includes its headers.
 *
 * The library keeps process-wide state (smpp34_errno, smpp34_strerror, ptrerror; each field of each PDU is logged there,
 * which also makes it some hundred times slower than need be). So:
 *   - one thread calls it: the loop of the SMS accounts (affinity "type");
 *   - it never sees optional parameters: from some 29 in one PDU on its log runs over its end;
 *   - it never sees bytes that control.c has not found sound, and has a zero byte behind them, since a revision of it
 *     read past strings without end (CVE-2026-75895);
 *   - it is shown neither sequence number 0 nor an error status, both of which it refuses though they are legal.
 * The messages themselves do not go through it (pdu.c): the tests hold that codec against this library.
 */
#pragma once
#include "sms/control.h"

/* Appends c as a PDU. False: the library refuses it (or b has failed); nothing is appended. */
bool pdu_library_pack(const struct control *c, struct buf *b);
/* pdu: header and mandatory part only, found sound. Fills the body of *out. False: refused; *out is as it was. */
bool pdu_library_unpack(struct str pdu, struct control *out);
