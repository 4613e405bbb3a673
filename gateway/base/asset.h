/* Files embedded in the binary at build time (etc/build.mk names them): console, widget, templates, OpenAPI document. */
#pragma once
#include "base/str.h"

/* The bytes of "console/index.html", or .p NULL. They live as long as the process. */
struct str asset_find(struct str name);
