/*
 * Tokens in mail addresses: the reply address of a message names the message it answers, and the envelope sender names the
 * delivery that a bounce is about (variable envelope return paths). A token is the id and a MAC over it, in 44 letters that
 * survive the lower-casing of mail systems (base32 of RFC 4648 section 6, without padding), so that any mailbox that
 * carries it stays within the 64 octets of a local part (RFC 5321 section 4.5.3.1.1).
 *
 * A pattern is an address with one "*" where the token stands: "reply+*@example.com" (plus-address), "*@reply.example.com"
 * (catch-all). One without "*" carries no token.
 *
 * The token of an unsubscribe link also carries the address, encrypted (AES-256-GCM), because it shows up in the logs of
 * proxies. All functions are pure; `secret` is channel_host.secret.
 */
#pragma once
#include "base/err.h"
#include "model/message.h"

enum token_kind { TOKEN_REPLY, TOKEN_BOUNCE, TOKEN_UNSUBSCRIBE };
enum { TOKEN_TEXT = 45 }; /* with NUL */

void mail_token_write(struct str secret, enum token_kind kind, const struct delivery_id *id, char out[TOKEN_TEXT]);
/* Time does not depend on how much of a forged one is right. */
bool mail_token_read(struct str secret, enum token_kind kind, struct str text, struct delivery_id *out);

/* -1 ERR_SEMANTIC: no mailbox, more than one "*", or too long with a token in it. */
int mail_token_pattern_check(const char *pattern, struct err *err);
/* The pattern with the token in it. */
void mail_token_address(struct str secret, enum token_kind kind, const char *pattern, const struct delivery_id *id,
			struct buf *out);
/* Is this mailbox the pattern with a token of ours in it? Case does not count. */
bool mail_token_in_mailbox(struct str secret, enum token_kind kind, const char *pattern, struct str mailbox,
			   struct delivery_id *out);

struct unsubscribe_wish {
	struct delivery_id id; /* the message whose link it is */
	enum purpose purpose;
	char mailbox[ADDRESS_MAX + 1];
};
/* Appends it as base64url. -1: no memory or a mailbox longer than ADDRESS_MAX. */
int mail_token_seal(struct str secret, const struct unsubscribe_wish *w, struct buf *out);
bool mail_token_open(struct str secret, struct str text, struct unsubscribe_wish *out);

/* Message-ID of a delivery without "<>": the same for each attempt, so that who gets it twice can tell. */
enum { MESSAGE_ID_MAX = 128 };
size_t message_id_write(const struct delivery_id *id, const char *domain, char out[MESSAGE_ID_MAX]);
/* Is it one that message_id_write made for this domain? With or without "<>". */
bool message_id_read(struct str text, const char *domain, struct delivery_id *out);
/* Stands first in References of every mail of a conversation, so that mail programs show them as one: "<...@domain>". */
size_t conversation_id_write(const struct uuid *conversation, const char *domain, char out[MESSAGE_ID_MAX]);
bool conversation_id_read(struct str text, const char *domain, struct uuid *out);
