/*
 * Address fields of SMPP (address, type of number) to our addresses. Asking libphonenumber costs more than all the rest
 * of a PDU, and our own numbers and busy senders come again and again: the last ones are remembered. One owner.
 */
#pragma once
#include "model/address.h"

struct numbers;

struct numbers *numbers_new(const char *region); /* NULL: out of memory; region lives longer */
void numbers_free(struct numbers **n);
/* What no rule can read is kept as it came, as a sender name: better an odd sender than a lost message. */
void numbers_read(struct numbers *n, struct str text, uint8_t ton, struct address *out);
