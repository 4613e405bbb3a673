/*
 * A stream: an answer that is made over time. The maker appends to a bounded buffer; libmicrohttpd's thread takes from it
 * and is suspended when there is nothing. A client that does not keep up loses its stream, never the gateway its memory.
 */
#include <stdlib.h>

#include "http/private.h"

struct stream {
	pthread_mutex_t lock;
	struct buf b;
	struct MHD_Connection *c; /* NULL before it is attached and after it has gone */
	bool suspended, ended, gone;
	int refs;
	void (*on_gone)(void *arg);
	void *arg;
	struct http *h;
	struct stream *next, **at; /* list of all, for the end */
};

struct stream *stream_new(struct http *h, void (*gone)(void *arg), void *arg)
{
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	buf_init(&s->b, STREAM_BUFFER);
	s->refs = 1;
	s->on_gone = gone;
	s->arg = arg;
	s->h = h;
	pthread_mutex_lock(&h->streams_lock);
	s->next = h->streams;
	s->at = &h->streams;
	if (s->next)
		s->next->at = &s->next;
	h->streams = s;
	pthread_mutex_unlock(&h->streams_lock);
	return s;
}

void stream_ref(struct stream *s)
{
	pthread_mutex_lock(&s->h->streams_lock);
	s->refs++;
	pthread_mutex_unlock(&s->h->streams_lock);
}

void stream_unref(struct stream *s)
{
	bool last;

	pthread_mutex_lock(&s->h->streams_lock);
	last = --s->refs == 0;
	if (last) {
		*s->at = s->next;
		if (s->next)
			s->next->at = s->at;
	}
	pthread_mutex_unlock(&s->h->streams_lock);
	if (!last)
		return;
	pthread_mutex_destroy(&s->lock);
	buf_free(&s->b);
	free(s);
}

void stream_attach(struct stream *s, struct MHD_Connection *c)
{
	pthread_mutex_lock(&s->lock);
	s->c = c;
	pthread_mutex_unlock(&s->lock);
}

static ssize_t on_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct stream *s = cls;
	size_t n;

	(void)pos;
	pthread_mutex_lock(&s->lock);
	n = s->b.n < max ? s->b.n : max;
	if (n) {
		memcpy(out, s->b.p, n);
		buf_consume(&s->b, n);
		if (s->b.n == 0 && s->b.cap > 512)
			buf_free(&s->b); /* thousands of idle streams keep no buffer */
	} else if (s->ended) {
		pthread_mutex_unlock(&s->lock);
		return MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		s->suspended = true;
		MHD_suspend_connection(s->c);
	}
	pthread_mutex_unlock(&s->lock);
	return (ssize_t)n;
}

static void on_free(void *cls)
{
	struct stream *s = cls;

	pthread_mutex_lock(&s->lock);
	s->gone = s->ended = true;
	s->c = NULL;
	buf_free(&s->b);
	pthread_mutex_unlock(&s->lock);
	s->on_gone(s->arg);
	stream_unref(s);
}

struct MHD_Response *stream_response(struct stream *s)
{
	struct MHD_Response *m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 512, on_read, s, on_free);

	if (m)
		stream_ref(s);
	return m;
}

static void resume(struct stream *s)
{
	if (s->suspended && s->c) {
		s->suspended = false;
		MHD_resume_connection(s->c);
	}
}

int stream_send(struct stream *s, struct str bytes)
{
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->ended) {
		r = -1;
	} else {
		buf_addstr(&s->b, bytes);
		if (s->b.failed) { /* too slow: what is half written must not look whole */
			buf_free(&s->b);
			s->ended = true;
			r = -1;
		}
		resume(s);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

void stream_end(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	resume(s);
	pthread_mutex_unlock(&s->lock);
}

bool streams_open(struct http *h)
{
	bool open;

	pthread_mutex_lock(&h->streams_lock);
	open = h->streams != NULL;
	pthread_mutex_unlock(&h->streams_lock);
	return open;
}

void streams_end_all(struct http *h)
{
	pthread_mutex_lock(&h->streams_lock);
	for (struct stream *s = h->streams; s; s = s->next)
		stream_end(s);
	pthread_mutex_unlock(&h->streams_lock);
}
