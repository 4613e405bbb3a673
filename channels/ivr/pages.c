#include "ivr/account.h"

void pages_stop(struct account *a) { (void)a; }

const struct channel_route ivr_routes[] = {{0}};
