/*
 * The journal has one line for each distinct submit that was accepted and for each inbound text that was acknowledged:
 *
 *     submit <TAB> destination <TAB> text
 *     text <TAB> sender <TAB> text
 *
 * with control characters, bytes over 126 and % written as %XX. A test holds it against the store.
 */
#include "smsc.h"

static void journal_line(FILE *f, const char *what, struct str address, struct str text)
{
	fprintf(f, "%s\t%.*s\t", what, (int)address.n, address.p);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 32 || c > 126 || c == '%')
			fprintf(f, "%%%02X", c);
		else
			fputc(c, f);
	}
	fputc('\n', f);
}

void report_submit(struct smsc *s, const struct wire_sm *m, uint64_t now)
{
	uint64_t stamp = kit_stamp(m->text);
	uint64_t key = hash_of(hash_of(1, m->to.p, m->to.n), m->text.p, m->text.n);

	s->c.accepted++;
	if (stamp && stamp < now)
		hist_add(&s->way, now - stamp);
	if (!set_add(&s->seen, key))
		return;
	s->c.distinct++;
	if (s->journal)
		journal_line(s->journal, "submit", m->to, m->text);
}

void report_text_done(struct smsc *s, const struct due *d, uint64_t now)
{
	char text[256];

	s->c.texts_done++;
	s->c.last_text = now;
	if (!set_add(&s->texts, d->id))
		return;
	s->c.texts_distinct++;
	if (s->journal) {
		size_t n = text_write(s, d, text);
		journal_line(s->journal, "text", str_of(d->from), str_n(text, n));
	}
}

void report(struct smsc *s, const char *event)
{
	const struct counters *c = &s->c;
	struct buf b;
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"submits", c->submits},
		{"accepted", c->accepted},
		{"distinct", c->distinct},
		{"duplicates", c->accepted - c->distinct},
		{"throttled", c->throttled},
		{"rejected", c->rejected},
		{"cut", c->cut},
		{"binds", c->binds},
		{"bad", c->bad},
		{"receipts_due", c->receipts_due},
		{"receipts_sent", c->receipts_sent},
		{"receipts_done", c->receipts_done},
		{"texts_sent", c->texts_sent},
		{"texts_done", c->texts_done},
		{"texts_distinct", c->texts_distinct},
		{"refused", c->refused},
		{"again", c->again},
		{"first_submit_ns", c->first_submit},
		{"last_submit_ns", c->last_submit},
		{"last_receipt_ns", c->last_receipt},
		{"first_text_ns", c->first_text},
		{"last_text_ns", c->last_text},
	};

	kit_line(&b, event);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		kit_count(&b, counts[i].name, counts[i].value);
	kit_latency(&b, "way", &s->way);
	kit_number(&b, "cpu_s", kit_cpu());
	kit_say(&b);
	if (s->journal)
		fflush(s->journal);
}

void report_if_expected(struct smsc *s)
{
	const struct counters *c = &s->c;
	uint64_t n = (uint64_t)s->o.expect;
	bool texts = s->texts_wanted > 0;

	if (s->reported || !n)
		return;
	if (texts ? c->texts_distinct < n : c->distinct < n || c->receipts_done < c->receipts_due)
		return;
	s->reported = true;
	report(s, "complete");
	s->quit = s->o.leave;
}

/* What is still to come for the past is forgotten, so call it when nothing is. */
void report_anew(struct smsc *s, long expect)
{
	s->c = (struct counters){0};
	s->way = (struct hist){0};
	s->o.expect = expect;
	s->reported = false;
}
