#include "email/charset.h"
#include "email/report.h"

/* What a report returns of the message it is about: a part of its own, or the end of its text. */

enum { LOW = 1 << 14, AROUND = 2048, FAR = 1 << 18 };

static bool known_field(struct str line, bool *strong)
{
	static const char *const names[] = {
		"received:", "return-path:", "message-id:", "mime-version:", "dkim-signature:", "x-mailer:",
		"date:",     "from:",	     "to:",	    "subject:",	     "content-type:",	"cc:"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i]);
		if (line.n > n && str_ieq(str_n(line.p, n), str_n(names[i], n))) {
			*strong |= i < 5;
			return true;
		}
	}
	return false;
}

static struct str line_at(struct str s, size_t *at)
{
	const char *nl = memchr(s.p + *at, '\n', s.n - *at);
	size_t end = nl ? (size_t)(nl - s.p) : s.n;
	struct str line = str_n(s.p + *at, end - *at);

	*at = nl ? end + 1 : s.n;
	return line;
}

/* Does a header begin here? Three fields that mail has, one of which people do not write. */
static bool header_here(struct str s, size_t at)
{
	int fields = 0;
	bool strong = false;

	for (int lines = 0; lines < 60 && at < s.n; lines++) {
		struct str line = line_at(s, &at);
		bool folded = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
		if (!str_trim(line).n)
			break;
		if (folded && fields)
			continue;
		fields += known_field(line, &strong);
		if (fields >= 3 && strong)
			return true;
	}
	return false;
}

static bool marker(struct report *r, struct str line)
{
	struct str low;

	line = str_trim(line);
	if (line.n < 12 || line.n > 100)
		return false;
	low = report_lower(r, line, 100);
	return low.p &&
	       report_has(low, "copy of the message|copy of your message|original message follows|unsent message below|"
			       "returned message follows|original message headers|message headers follow|"
			       "message header follows|original message ---|--- original message|original mail header|"
			       "returned mail follows|text of your message follows|start of returned message|"
			       "--- message header|beginning of original message|the original message was as follows|"
			       "--- undelivered message|original-message-header|die ursprüngliche nachricht|"
			       "message d'origine|begin message header|--- a copy of|---- returned message");
}

/* Cuts r->text where the returned message begins; what is behind it is returned. */
static struct str cut(struct report *r)
{
	struct str s = r->text;
	size_t at = 0;
	bool strong = false;

	while (at < s.n && at < FAR) {
		size_t before = at;
		struct str line = line_at(s, &at);
		bool mark = marker(r, line);
		if (mark || (known_field(line, &strong) && header_here(s, before))) {
			r->text = str_n(s.p, before);
			return str_n(s.p + (mark ? at : before), s.n - (mark ? at : before));
		}
	}
	return str_n("", 0);
}

static struct str skip_rules(struct str s) /* lines of dashes, empty lines, a second marker */
{
	size_t at = 0, before = 0;
	bool strong = false;

	for (int lines = 0; lines < 10 && at < s.n; lines++) {
		struct str line = line_at(s, &at);
		if (known_field(line, &strong))
			return str_n(s.p + before, s.n - before);
		before = at;
	}
	return s;
}

static struct str field(struct report *r, const struct mail_fields *f, const char *name)
{
	struct str s = header_text(header_raw(f, name), r->x->a, &r->x->defects);

	return s.p ? s : str_n("", 0);
}

static struct str bare(struct str s)
{
	size_t at = 0;
	struct str a = report_address(s, &at);

	return a.n ? a : s;
}

static int describe(struct report *r, struct str header)
{
	struct mail_original *o = &r->m->original;
	struct mail_strings ids = {0};
	struct mail_fields f;
	bool failed = false;

	header_split(header_start(header), r->x->limits->fields, r->x->a, &f, &r->x->defects, &failed);
	if (failed || header_ids(header_raw(&f, "Message-ID"), 1, r->x->a, &ids, &r->x->defects))
		return -1;
	if (!f.n)
		return 0;
	r->has_returned = true;
	o->fields = f;
	o->message_id = ids.n ? ids.at[0] : str_n("", 0);
	o->return_path = bare(field(r, &f, "Return-Path"));
	o->from = field(r, &f, "From");
	o->to = field(r, &f, "To");
	o->subject = field(r, &f, "Subject");
	o->date = field(r, &f, "Date");
	return 0;
}

static bool returned_part(const struct part *p)
{
	static const char *const types[] = {"message/rfc822",  "text/rfc822-headers",	 "message/rfc822-headers",
					    "message/global",  "message/global-headers", "text/rfc822",
					    "message/partial", "text/rfc822-header"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (part_is(p, types[i]))
			return true;
	return false;
}

int report_begin(struct report *r, struct part_context *x, struct part *root, struct mail *m)
{
	struct part_walk w;
	struct part *p;
	struct str behind;

	*r = (struct report){.x = x, .root = root, .m = m, .text = m->text};
	part_walk_begin(&w, root);
	while ((p = part_walk_next(&w)) && !r->has_returned) {
		struct str s;
		if (p->kind == PART_MULTI || p == root || !returned_part(p))
			continue;
		s = part_content(x, p);
		if (!s.p || describe(r, s))
			return -1;
	}
	behind = cut(r);
	r->low = report_lower(r, r->text, LOW);
	if (!r->low.p)
		return -1;
	r->around = reason_of_text(str_n(r->low.p, r->low.n < AROUND ? r->low.n : AROUND));
	return behind.n && !r->has_returned ? describe(r, skip_rules(behind)) : 0;
}
