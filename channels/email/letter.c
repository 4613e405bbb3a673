/* A held delivery: its copy, its files, its outcome. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "email/account.h"

static struct str pack(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static size_t room_for(const struct delivery *d, size_t files)
{
	size_t n = d->from.n + d->subject.n + d->text.n + d->options.n;

	for (size_t k = 0; k < files; k++)
		n += d->attachments[k].name.n + d->attachments[k].type.n;
	return n;
}

struct letter *letter_new(struct account *a, const struct delivery *d)
{
	size_t files = d->attachments_n < LETTER_FILES ? d->attachments_n : LETTER_FILES;
	struct letter *l = malloc(sizeof *l + room_for(d, files) + 1);
	char *at;

	if (!l)
		return NULL;
	*l = (struct letter){.a = a,
			     .id = d->id,
			     .token = d->token,
			     .expires_at = d->expires_at,
			     .conversation = d->conversation,
			     .to = d->to,
			     .purpose = d->purpose,
			     .files_n = files};
	at = l->room;
	l->from = pack(&at, d->from);
	l->subject = pack(&at, d->subject);
	l->text = pack(&at, d->text);
	l->options = pack(&at, d->options);
	for (size_t k = 0; k < files; k++) {
		l->files[k] = d->attachments[k];
		l->files[k].name = pack(&at, d->attachments[k].name);
		l->files[k].type = pack(&at, d->attachments[k].type);
		buf_init(&l->bytes[k], (size_t)a->set->max_size);
	}
	message_id_write(&l->id, a->domain, l->message_id);
	a->held++;
	return l;
}

void letter_free(struct letter *l)
{
	for (size_t k = 0; k < l->files_n; k++)
		buf_free(&l->bytes[k]);
	l->a->files_held -= l->files_size;
	l->a->held--;
	free(l);
}

static void copy(char *to, size_t cap, const char *from)
{
	size_t n = strnlen(from, cap - 1);

	memcpy(to, from, n);
	to[n] = 0;
}

void letter_finish(struct letter *l, enum outcome_kind kind, const char *code, const char *reason)
{
	struct account *a = l->a;

	copy(l->code, sizeof l->code, code);
	copy(l->reason, sizeof l->reason, reason);
	l->external = str_of(l->message_id);
	if (a->out_n == OUTCOMES_MAX)
		email_give_outcomes(a);
	a->out[a->out_n] = (struct outcome){.id = l->id,
					    .token = l->token,
					    .kind = kind,
					    .code = str_of(l->code),
					    .reason = str_of(l->reason),
					    .external_ids = &l->external,
					    .external_ids_n = kind == OUTCOME_SENT || kind == OUTCOME_UNCERTAIN};
	a->out_letter[a->out_n++] = l;
	email_flush_soon(a);
}

/* ---- files ---- */

static bool is_final(const char *error)
{
	return strcmp(error, "attachment_not_found") == 0 || strcmp(error, "attachment_damaged") == 0;
}

static void on_read(void *arg, struct str bytes, const char *error)
{
	struct letter *l = arg;
	struct account *a = l->a;
	struct buf *to = &l->bytes[l->files_read];

	a->pending--;
	TAILQ_REMOVE(&a->reading, l, list);
	email_flush_soon(a);
	if (a->stopping || l->cancelled) {
		letter_finish(l, l->cancelled ? OUTCOME_CANCELLED : OUTCOME_RELEASED, "",
			      l->cancelled ? "cancelled" : "stopping");
		return;
	}
	if (error) {
		letter_finish(l, is_final(error) ? OUTCOME_FAILED : OUTCOME_RETRY, "attachment",
			      "an attachment cannot be read");
		return;
	}
	buf_addstr(to, bytes);
	if (to->failed) {
		letter_finish(l, OUTCOME_FAILED, "too_large", "the attachments are larger than the account allows");
		return;
	}
	l->files_size += to->n;
	a->files_held += to->n;
	l->files_read++;
	letter_read(l);
}

void letter_read(struct letter *l)
{
	struct account *a = l->a;

	if (l->files_read == l->files_n) {
		a->queued++;
		TAILQ_INSERT_TAIL(&a->ready, l, list);
		email_flush_soon(a);
		return;
	}
	a->pending++;
	TAILQ_INSERT_TAIL(&a->reading, l, list);
	a->host->blob_get(a->host->self, l->files[l->files_read].sha256, on_read, l);
}
