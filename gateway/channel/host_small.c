/* Attachments that become rows of the store: one job of the writer for each, so many share a commit. */
#include <stdlib.h>

#include "base/log.h"
#include "channel/host_private.h"
#include "store/blob_row.h"

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct small {
	struct write_job job;
	struct task task;
	struct host_account *a;
	struct attachment file;
	struct str bytes;
	blob_done *done;
	void *arg;
	bool failed;
	char code[sizeof((struct err *)0)->code];
	char room[]; /* bytes, name and type */
};

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct small *s = OF(job, struct small, job);

	return blob_row_put(db, s->file.sha256, s->bytes, now, err);
}

static void on_tell(struct task *t)
{
	struct small *s = OF(t, struct small, task);
	struct host *h = s->a->h;

	s->done(s->arg, s->failed ? NULL : &s->file, s->failed ? s->code : NULL);
	free(s);
	host_pending(h, -1);
}

static void on_committed(struct write_job *job, const struct err *err)
{
	struct small *s = OF(job, struct small, job);

	s->failed = err;
	if (err) {
		snprintf(s->code, sizeof s->code, "%s", err->code[0] ? err->code : "error");
		log_warn("channel.attachment_failed", "account", s->a->name, "reason", err->msg, LOG_END);
	}
	s->task.run = on_tell;
	loop_post(s->a->thread->loop, &s->task);
}

static struct str keep(char **room, struct str v)
{
	struct str kept = str_n(*room, v.n);

	if (v.n)
		memcpy(*room, v.p, v.n);
	*room += v.n;
	return kept;
}

int host_small_put(struct host_account *a, struct str bytes, struct str name, struct str type, blob_done *done,
		   void *arg)
{
	struct small *s = a->h->c.writer ? calloc(1, sizeof *s + bytes.n + name.n + type.n) : NULL;
	char *room;

	if (!s)
		return -1;
	room = s->room;
	s->job.run = run;
	s->job.done = on_committed;
	s->a = a;
	s->done = done;
	s->arg = arg;
	s->bytes = keep(&room, bytes);
	s->file.name = keep(&room, name);
	s->file.type = keep(&room, type);
	s->file.size = (int64_t)bytes.n;
	blob_name(bytes, s->file.sha256);
	host_pending(a->h, 1);
	if (writer_submit(a->h->c.writer, &s->job, NULL) == 0)
		return 0;
	free(s);
	host_pending(a->h, -1);
	return -1;
}
