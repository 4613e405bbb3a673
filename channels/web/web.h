/*
 * Web chat: visitors of a provider's site write to it, and are answered, in the browser.
 *
 * One account is one site. The page loads /widget.js, which speaks to the routes below /web/{account}/ with a signed
 * visitor token; answers travel over a stream of server-sent events (WHATWG HTML, section 9.2).
 *
 *   session.c   who is this: new or known visitor, identity proven by the site's own back end (HMAC), pre-chat form
 *   message.c   what the visitor writes, and what it has read
 *   file.c      attachments in both directions
 *   stream.c    what the visitor is told, and presence
 *   deliver.c   deliveries from the outbox
 *   visitor.c   who is here now          token.c   what the visitor carries         limit.c   how often
 *   reply.c     origins (CORS) and answers
 *
 * Everything runs on the account's loop thread.
 */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops web_channel;
