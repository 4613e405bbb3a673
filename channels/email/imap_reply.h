/*
 * One response of an IMAP server at a time (RFC 3501 section 7): a line, in which literals ("{12}" and so many bytes) may
 * stand. Of these only the one that BODY[] announces is kept; the line has "{12}" without the bytes. Pure.
 */
#pragma once
#include "base/str.h"

struct imap_reply;

enum imap_read { IMAP_READ_FAILED = -1, IMAP_READ_MORE, IMAP_READ_LINE };

struct imap_reply *imap_reply_new(size_t body_max); /* bytes of a body that are kept */
void imap_reply_free(struct imap_reply **r);
/* Takes from the front of p; LINE: one response is whole, until the next call. FAILED: too long, or no memory. */
enum imap_read imap_reply_read(struct imap_reply *r, const char *p, size_t n, size_t *took);
struct str imap_reply_line(const struct imap_reply *r); /* without its end */
/* The UID and BODY[] of a FETCH response; false: it has not both. */
bool imap_reply_mail(struct imap_reply *r, uint32_t *uid, struct str *body);
bool imap_reply_cut(const struct imap_reply *r); /* the body was longer than is kept */
