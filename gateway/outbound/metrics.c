/* Figures for /metrics, in the text form of Prometheus (exposition format 0.0.4). */
#include "outbound/private.h"
#include "outbound/receipt_match.h"

struct figure {
	const char *name, *help, *type;
	size_t offset; /* in struct lane_counts */
};

#define AT(member) offsetof(struct lane_counts, member)

static const struct figure figures[] = {
	{"threadline_outbound_sent_total", "Deliveries that the carrier took.", "counter", AT(sent)},
	{"threadline_outbound_failed_total", "Deliveries that failed for good.", "counter", AT(failed)},
	{"threadline_outbound_retried_total", "Attempts that will be made again.", "counter", AT(retried)},
	{"threadline_outbound_throttled_total", "Attempts that the carrier asked to make later.", "counter",
	 AT(throttled)},
	{"threadline_outbound_uncertain_total", "Deliveries whose answer was lost and that wait for their receipt.",
	 "counter", AT(uncertain)},
	{"threadline_outbound_repeated_total", "Deliveries sent again because the answer was lost.", "counter",
	 AT(repeated)},
	{"threadline_outbound_expired_total", "Deliveries whose life ended in the outbox.", "counter", AT(expired)},
	{"threadline_outbound_suppressed_total", "Deliveries that policy refused when their turn came.", "counter",
	 AT(suppressed)},
	{"threadline_outbound_stale_outcomes_total", "Outcomes of an attempt that is not the present one.", "counter",
	 AT(stale)},
	{"threadline_outbound_overtaken_total", "Deliveries that ended otherwise while they were on their way.",
	 "counter", AT(lost_race)},
	{"threadline_receipts_total", "Receipts stored.", "counter", AT(receipts)},
	{"threadline_receipts_unknown_total", "Receipts whose id was not known when they came.", "counter",
	 AT(receipts_unknown)},
	{"threadline_receipts_early_total", "Receipts that came before the answer which named their id.", "counter",
	 AT(early)},
	{"threadline_receipts_repeated_total", "Receipts that said what was known.", "counter", AT(receipts_repeated)},
	{"threadline_receipts_ignored_total", "Receipts that came too late or said nothing.", "counter",
	 AT(receipts_ignored)},
	{"threadline_outbox_memory", "Waiting deliveries in memory.", "gauge", AT(waiting)},
	{"threadline_outbound_in_flight", "Deliveries offered whose outcome is not committed.", "gauge", AT(flying)},
};

static void head(struct buf *b, const char *name, const char *help, const char *type)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void rules(struct outbound *o, struct buf *b)
{
	size_t lanes = atomic_load(&o->lanes_n);

	head(b, "threadline_receipts_matched_total", "Receipts by the rule that found their delivery.", "counter");
	for (size_t k = 0; k < lanes; k++)
		for (int r = 0; r < RULES; r++)
			buf_addf(b, "threadline_receipts_matched_total{account=\"%s\",rule=\"%s\"} %lld\n",
				 o->lane[k]->name, receipt_rule_word((enum receipt_rule)r),
				 (long long)atomic_load(&o->lane[k]->counts.matched[r]));
}

static void single(struct buf *b, const char *name, const char *help, int64_t v)
{
	head(b, name, help, "counter");
	buf_addf(b, "%s %lld\n", name, (long long)v);
}

void outbound_metrics(struct outbound *o, struct buf *b)
{
	size_t lanes = atomic_load(&o->lanes_n);

	for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
		head(b, figures[f].name, figures[f].help, figures[f].type);
		for (size_t k = 0; k < lanes; k++) {
			const char *at = (const char *)&o->lane[k]->counts + figures[f].offset;
			buf_addf(b, "%s{account=\"%s\"} %lld\n", figures[f].name, o->lane[k]->name,
				 (long long)atomic_load((const _Atomic int64_t *)(const void *)at));
		}
	}
	rules(o, b);
	single(b, "threadline_messages_accepted_total", "Outbound messages written.", atomic_load(&o->submitted));
	single(b, "threadline_outbound_possible_duplicates_total",
	       "Deliveries that may have been sent before the last start, and were sent again.",
	       atomic_load(&o->possible_duplicates));
}
