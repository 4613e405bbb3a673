/*
 * One mail as bytes: RFC 5322 and MIME (RFC 2045 to 2049), lines ending in CRLF. The tree of a mail with HTML or files is
 * GMime's; a plain text is written straight, since most mail is that and a tree costs more than all the rest.
 *
 *     text                 text/plain
 *     text and html        multipart/alternative { text, html }, html being multipart/related if it has inline files
 *     and files            multipart/mixed { the above, files }
 *
 * Non-ASCII in fields becomes encoded words (RFC 2047), except in the local part of a mailbox, which needs a mail in
 * UTF-8 (RFC 6532) and a server that takes it (SMTPUTF8). Bodies are 7-bit, quoted-printable or base64, so that no server
 * need take eight bits. Nothing that comes in can end a field: CR, LF and NUL in a value are refused, and other control
 * characters are encoded.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct outgoing_file {
	struct str name, type, bytes;
};

struct outgoing {
	struct str from_name, from; /* from: mailbox, its domain in A-labels; the name may be empty */
	struct str to, reply_to;    /* mailboxes; reply_to may be empty */
	struct str subject;
	struct str text;	   /* empty: made from the HTML */
	struct str html;	   /* empty: none. "cid:NAME" in it refers to the file of that name */
	struct str message_id;	   /* without "<>"; never empty */
	struct str in_reply_to;	   /* Message-IDs with "<>"; may be empty */
	struct str references;	   /* as many, with spaces between */
	struct str auto_submitted; /* "auto-generated", "auto-replied"; may be empty */
	struct str unsubscribe;	   /* URL for List-Unsubscribe with one click (RFC 8058); may be empty */
	struct str feedback_id;
	int64_t at; /* Date, microseconds */
	const struct outgoing_file *files;
	size_t files_n;
};

struct composed {
	size_t header; /* bytes of the header; the empty line follows, then the body */
	bool utf8;     /* a mailbox is not ASCII: the server must take SMTPUTF8 */
};

/* Once, before any thread composes; may be called again. */
void compose_init(void);
/* Appends the mail to `out`. -1: ERR_SEMANTIC with code header_invalid, too_large or html_invalid. */
int compose(const struct outgoing *m, struct buf *out, struct composed *info, struct err *err);
