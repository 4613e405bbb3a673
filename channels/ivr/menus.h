/*
 * The menus of an account: VoiceXML files of one folder. Liquid that stands in a file is rendered first, with the caller's
 * data and XML escaping, so that {{ customer.name }} can stand in a prompt. A file without Liquid is parsed once and shared
 * by all calls; each is read again when it has changed on disk.
 */
#pragma once
#include <limits.h>

#include "base/json.h"
#include "ivr/vxml/vxml.h"

struct menus;

int menus_open(const char *folder, struct menus **out, struct err *err);
void menus_free(struct menus **m);
const char *menus_base(const struct menus *m); /* what its documents are relative to: "/etc/threadline/ivr/" */
/* The absolute path of a file of the folder, as documents are named. -1: it is outside of it, or there is none. path:
 * relative to the folder, or absolute as a document refers to another; a query or fragment is left out. */
int menus_path(const struct menus *m, const char *path, char out[PATH_MAX], struct err *err);
/* The file as the caller sees it: rendered if it is VoiceXML. data: an object. */
int menus_text(struct menus *m, const char *path, const json_t *data, struct buf *out, struct err *err);
/* NULL: refused, err->msg begins with file and line. *shared: it stays the menus'; else the caller frees it. */
struct vxml_doc *menus_document(struct menus *m, const char *path, const json_t *data, bool *shared, struct err *err);
