#include "base/uuid.h"

#include "base/crypto.h"

/* Microseconds of the millisecond as 12 bits: us * 4096 / 1000. */
static struct uuid stamp(int64_t at_us)
{
	struct uuid u = {{0}};
	uint64_t ms = at_us < 0 ? 0 : (uint64_t)at_us / 1000;
	unsigned sub = at_us < 0 ? 0 : (unsigned)((uint64_t)at_us % 1000 * 4096 / 1000);

	for (int i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	u.b[6] = (uint8_t)(0x70 | sub >> 8);
	u.b[7] = (uint8_t)sub;
	return u;
}

struct uuid uuid7(int64_t at_us)
{
	struct uuid u = stamp(at_us);
	crypto_random(u.b + 8, 8);
	u.b[8] = (uint8_t)(0x80 | (u.b[8] & 0x3f));
	return u;
}

struct uuid uuid7_in(int64_t at_us, uint8_t bucket)
{
	struct uuid u = uuid7(at_us);
	u.b[15] = bucket;
	return u;
}

struct uuid uuid7_floor(int64_t at_us)
{
	struct uuid u = stamp(at_us);
	u.b[8] = 0x80;
	return u;
}

int64_t uuid_time(const struct uuid *u)
{
	int64_t ms = 0;
	int sub = (u->b[6] & 0x0f) << 8 | u->b[7];

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | u->b[i];
	return ms * 1000 + (sub * 1000 + 4095) / 4096;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool uuid_parse(struct str s, struct uuid *out)
{
	struct uuid u;
	size_t k = 0;

	if (s.n != 36)
		return false;
	for (size_t i = 0; i < 36;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s.p[i++] != '-')
				return false;
			continue;
		}
		int hi = hex(s.p[i]), lo = hex(s.p[i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		u.b[k++] = (uint8_t)(hi << 4 | lo);
		i += 2;
	}
	*out = u;
	return true;
}

const char *uuid_format(const struct uuid *u, char out[UUID_TEXT])
{
	static const char digit[] = "0123456789abcdef";
	/* Where each byte's two digits go. */
	static const uint8_t place[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

	for (int i = 0; i < 16; i++) {
		out[place[i]] = digit[u->b[i] >> 4];
		out[place[i] + 1] = digit[u->b[i] & 15];
	}
	out[8] = out[13] = out[18] = out[23] = '-';
	out[36] = 0;
	return out;
}
