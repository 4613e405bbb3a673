/* A user data header of any bytes never reaches beyond its data; any text cuts into segments that hold all of it. */
#include <stdlib.h>

#include "sms/segment.h"
#include "sms/udh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cut(const uint8_t *data, size_t size)
{
	struct segment_options o = {
		.encoding = (enum sms_encoding)(data[0] % 3),
		.alphabet = (enum sms_alphabet)(data[0] / 3 % 3),
		.long_form = (enum sms_long)(data[1] & 3),
		.smart = data[1] & 4,
		.national = data[1] >> 3 & 0xE,
		.max = SEGMENTS_MAX,
	};
	struct segments s;
	struct buf units;
	struct err err;

	buf_init(&units, 1 << 20);
	if (segment_text(&o, str_n((const char *)data + 2, size - 2), &units, &s, &err) == 0) {
		if (s.n < 1 || s.cut[0] != 0 || s.cut[s.n] != units.n || s.units != units.n)
			abort();
		for (int i = 0; i < s.n; i++) {
			size_t n = s.cut[i + 1] - s.cut[i];
			size_t octets = s.ucs2 ? n : (n * 7 + 7) / 8;
			if (s.cut[i + 1] < s.cut[i] || octets + segment_header(&s, o.long_form) > 140)
				abort();
		}
	}
	buf_free(&units);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udh u;

	if (udh_read(str_n((const char *)data, size), &u) && (u.length > size || u.length == 0))
		abort();
	if (size >= 2 && size < 100000)
		cut(data, size);
	return 0;
}
