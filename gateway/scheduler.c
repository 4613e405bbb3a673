#include "scheduler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"

struct job {
	struct write_job write;
	struct timer timer;
	struct task back; /* from the writer's thread to ours */
	struct chore chore;
	struct scheduler *s;
	bool running;
};

struct scheduler {
	struct loop *loop;
	pthread_t thread;
	struct writer *writer;
	struct job *jobs;
	size_t n, running;
	struct task stop;
	bool stopping;
};

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static int job_run(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	struct job *j = OWNER(w, struct job, write);
	return j->chore.run(j->chore.arg, db, now, err) < 0 ? -1 : 0;
}

static void job_back(struct task *t)
{
	struct job *j = OWNER(t, struct job, back);

	j->running = false;
	if (--j->s->running == 0 && j->s->stopping)
		loop_stop(j->s->loop);
}

static void job_done(struct write_job *w, const struct err *err)
{
	struct job *j = OWNER(w, struct job, write);

	if (err)
		log_warn("chore.failed", "chore", j->chore.name, "reason", err->msg, LOG_END);
	loop_post(j->s->loop, &j->back);
}

static void job_due(struct timer *t)
{
	struct job *j = OWNER(t, struct job, timer);

	loop_timer(j->s->loop, t, loop_now(j->s->loop) + j->chore.every, job_due);
	if (j->running || j->s->stopping)
		return;
	if (writer_submit_idle(j->s->writer, &j->write, j->chore.every, NULL) == 0) {
		j->running = true;
		j->s->running++;
	}
}

static void on_stop(struct task *t)
{
	struct scheduler *s = OWNER(t, struct scheduler, stop);

	s->stopping = true;
	if (s->running == 0)
		loop_stop(s->loop);
}

static void *thread_main(void *arg)
{
	struct scheduler *s = arg;

	pthread_setname_np(pthread_self(), "scheduler");
	loop_run(s->loop);
	return NULL;
}

static void release(struct scheduler *s)
{
	loop_free(&s->loop);
	free(s->jobs);
	free(s);
}

int scheduler_start(struct writer *w, const struct chore *v, size_t n, struct scheduler **out, struct err *err)
{
	struct scheduler *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->writer = w;
	s->n = n;
	s->jobs = calloc(n ? n : 1, sizeof *s->jobs);
	s->loop = loop_new("scheduler", NULL);
	s->stop.run = on_stop;
	if (!s->jobs || !s->loop) {
		release(s);
		return err_nomem(err);
	}
	for (size_t i = 0; i < n; i++) {
		s->jobs[i] = (struct job){
			.write = {.run = job_run, .done = job_done}, .back = {.run = job_back}, .chore = v[i], .s = s};
		loop_timer(s->loop, &s->jobs[i].timer, loop_now(s->loop) + v[i].every, job_due);
	}
	if (pthread_create(&s->thread, NULL, thread_main, s)) {
		release(s);
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the scheduler's thread");
	}
	*out = s;
	return 0;
}

void scheduler_stop(struct scheduler **sp)
{
	struct scheduler *s = *sp;

	if (!s)
		return;
	loop_post(s->loop, &s->stop);
	pthread_join(s->thread, NULL);
	release(s);
	*sp = NULL;
}
