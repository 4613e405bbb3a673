/* What a section [email NAME] of the configuration says; the table itself is in settings.c. */
#pragma once
#include "base/settings.h"

enum email_tls { EMAIL_TLS_NONE, EMAIL_TLS_STARTTLS, EMAIL_TLS_REQUIRED, EMAIL_TLS_TLS };

struct email_settings {
	char *from, *domains, *reply_address, *bounce_address, *hello;
	char *hosts;
	int64_t port;
	int tls;
	bool tls_verify;
	char *tls_ca, *user, *password;
	int64_t connections, rate, queue;
	int64_t connect_timeout, response_timeout, retry_min, retry_max;
	char *dkim, *dkim_domain;
	char *public_url, *feedback_id;
	int64_t max_text, max_size;
	char *lmtp, *recipients, *auth_server;
	int64_t lmtp_connections, lmtp_idle;
	char *imap, *imap_user, *imap_password, *imap_mailbox, *imap_move;
	int imap_tls, imap_first;
	int64_t imap_poll;
};

extern const struct setting email_settings_table[];
