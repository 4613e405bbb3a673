/* libre and librem as the house includes them: they want to be told what C17 has. Only in channels/ivr/sip/.
 * A function of ours that has the name of one of libre's is called in its place, by libre itself: the linker exports it.
 * channels/ivr/README.md tells how to look for such names. */
#pragma once
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef HAVE_INTTYPES_H
#define HAVE_INTTYPES_H 1
#endif
#ifndef HAVE_STDBOOL_H
#define HAVE_STDBOOL_H 1
#endif
#ifndef HAVE_INET6
#define HAVE_INET6 1
#endif
#ifndef MBUF_DEBUG
#define MBUF_DEBUG 0
#endif
#ifndef USE_OPENSSL
#define USE_OPENSSL 1 /* Debian builds it so */
#endif
#define RELEASE 1
/* Two names of its JSON parser are jansson's as well. */
#define JSON_STRING RE_JSON_STRING
#define JSON_NULL RE_JSON_NULL
#include <re.h>
#undef JSON_STRING
#undef JSON_NULL
#include <rem.h>
