/* Back-off: doubles from retry_first to retry_max. The spread keeps what failed together from coming back together. */
#include "outbound/private.h"

int64_t retry_wait(const struct outbound_config *c, int attempts, const struct uuid *id)
{
	int64_t wait = c->retry_first;

	for (int k = 1; k < attempts && wait < c->retry_max; k++)
		wait *= 2;
	if (wait > c->retry_max)
		wait = c->retry_max;
	return wait + wait / 4 * id->b[14] / 256;
}
