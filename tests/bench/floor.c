#include "floor.h"

#include <jansson.h>
#include <stdlib.h>

static const char usage[] =
	"usage: floor http THREADS | json COUNT | store FILE COUNT BATCH | smpp PORT COUNT WINDOW [receipts]\n";

static const char request[] = "{\"to\":\"+4915100001234\",\"text\":\"T123456789012345. N1234 Dear customer, your "
			      "parcel is out for delivery today"
			      " between nine and eleven\",\"channel\":\"sms\"}";
static const char answer[] =
	"{\"id\":\"019366a0-7c1e-7000-8000-0123456789ab\",\"customer_id\":\"019366a0-7c1e-7000-8000-0123456789ab\","
	"\"conversation_id\":null,\"channel\":\"sms\",\"direction\":\"outbound\",\"kind\":\"message\",\"status\":"
	"\"queued\","
	"\"at\":\"2026-01-31T23:59:59.123Z\",\"text\":\"T123456789012345. N1234 Dear customer, your parcel is out for "
	"delivery"
	" today between nine and "
	"eleven\",\"deliveries\":[{\"id\":\"019366a0-7c1e-7000-8000-0123456789ab.1\",\"channel\":"
	"\"sms\",\"account\":\"main\",\"address\":\"+4915100001234\",\"status\":\"queued\",\"encoding\":\"gsm7\","
	"\"segments\":1,"
	"\"units\":102,\"attempts\":0}]}";

void floor_tell(const char *step, long count, double cpu_s, uint64_t ns)
{
	struct buf b;

	kit_line(&b, step);
	kit_count(&b, "count", (uint64_t)count);
	kit_number(&b, "us", cpu_s * 1e6 / (double)count);
	kit_number(&b, "rate", (double)count / ((double)ns * 1e-9));
	kit_say(&b);
}

void floor_json(long count)
{
	json_t *reply = json_loads(answer, 0, NULL);
	uint64_t start = kit_now();
	double cpu = kit_cpu();
	static char out[2048];

	for (long i = 0; i < count; i++) {
		json_t *j = json_loadb(request, sizeof request - 1, JSON_REJECT_DUPLICATES, NULL);
		if (!j || !json_dumpb(reply, out, sizeof out, JSON_COMPACT))
			kit_die("jansson");
		json_decref(j);
	}
	floor_tell("json", count, kit_cpu() - cpu, kit_now() - start);
	json_decref(reply);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && strcmp(what, "http") == 0)
		floor_http((int)kit_long("threads", argv[2], 1, 64));
	else if (argc == 3 && strcmp(what, "json") == 0)
		floor_json(kit_long("count", argv[2], 1, 1000000000));
	else if (argc == 5 && strcmp(what, "store") == 0)
		floor_store(argv[2], kit_long("count", argv[3], 1, 1000000000), kit_long("batch", argv[4], 1, 100000));
	else if ((argc == 5 || argc == 6) && strcmp(what, "smpp") == 0)
		floor_smpp((int)kit_long("port", argv[2], 1, 65535), kit_long("count", argv[3], 1, 1000000000),
			   kit_long("window", argv[4], 1, 10000), argc == 6);
	else
		kit_usage(usage);
	return 0;
}
