#include "email/compose.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "email/compose_body.h"
#include "email/field.h"

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* RFC 5322 section 3.3. In the words of the C locale, whatever the process's. */
static void put_date(struct buf *out, int64_t at)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(at / US_SEC);
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday % 7], tm.tm_mday,
		 months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int put_ids(struct buf *out, const char *name, struct str ids, struct err *err)
{
	if (!ids.n || (!field_ids_ok(ids) && field_one_line(ids)))
		return 0; /* an id that is none is of no use to anybody */
	return field_words(out, name, ids, err);
}

static int put_unsubscribe(struct buf *out, struct str url, struct err *err)
{
	if (!url.n)
		return 0;
	if (!field_token_ok(url) || memchr(url.p, '>', url.n) || url.n > 900)
		return err_set(err, ERR_SEMANTIC, "header_invalid", "List-Unsubscribe", "that is no URL");
	buf_adds(out, "List-Unsubscribe: <");
	buf_addstr(out, url);
	buf_adds(out, ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	return 0;
}

static int put_header(const struct outgoing *m, struct buf *out, struct err *err)
{
	put_date(out, m->at);
	if (field_mailbox(out, "From", m->from_name, m->from, err) || field_mailbox(out, "To", STR(""), m->to, err))
		return -1;
	if (m->reply_to.n && field_mailbox(out, "Reply-To", m->from_name, m->reply_to, err))
		return -1;
	if (field_text(out, "Subject", m->subject, err))
		return -1;
	if (!field_token_ok(m->message_id))
		return err_set(err, ERR_SEMANTIC, "header_invalid", "Message-ID", "that is no Message-ID");
	buf_adds(out, "Message-ID: <");
	buf_addstr(out, m->message_id);
	buf_adds(out, ">\r\n");
	if (put_ids(out, "In-Reply-To", m->in_reply_to, err) || put_ids(out, "References", m->references, err) ||
	    put_unsubscribe(out, m->unsubscribe, err))
		return -1;
	if (m->auto_submitted.n && field_text(out, "Auto-Submitted", m->auto_submitted, err))
		return -1;
	if (m->feedback_id.n && field_text(out, "Feedback-ID", m->feedback_id, err))
		return -1;
	buf_adds(out, "MIME-Version: 1.0\r\n");
	return 0;
}

void compose_init(void) { compose_body_init(); }

int compose(const struct outgoing *m, struct buf *out, struct composed *info, struct err *err)
{
	size_t start = out->n, length;

	if (put_header(m, out, err) || compose_body(m, out, &length, err))
		return -1;
	if (out->failed)
		return out->n >= out->max ? err_set(err, ERR_SEMANTIC, "too_large", NULL, "the mail is too large")
					  : err_nomem(err);
	info->header = length - start;
	info->utf8 = !is_ascii(m->from) || !is_ascii(m->to) || !is_ascii(m->reply_to);
	return 0;
}
