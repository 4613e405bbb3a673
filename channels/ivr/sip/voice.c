#include "ivr/sip/voice.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "ivr/sip/door_private.h"
#include "ivr/sip/speak.h"
#include "ivr/sip/speak_http.h"

enum { THREADS = 4, KEPT = 256, KEPT_SAMPLES = 8 << 20, FILE_MAX = 64 << 20 };
#define SERVICE_PAUSE (10 * US_SEC) /* for which it is left alone after it has failed */

struct wish {
	struct wish *next;
	struct order *order;
	struct piece *pieces;
	size_t n;
};

struct kept {
	uint8_t key[SHA256_LEN];
	struct sound *sound;
	uint64_t used;
};

struct voice {
	const struct ivr_settings *set;
	pthread_t thread[THREADS];
	size_t threads_n;
	pthread_mutex_t lock; /* first, last, stop */
	pthread_cond_t some;
	struct wish *first, **last;
	bool stop;
	_Atomic int64_t service_again; /* not before */
	pthread_mutex_t kept_lock;     /* what follows */
	struct kept kept[KEPT];
	size_t samples;
	uint64_t clock;
};

static struct wish *wish_new(struct order *o, const struct piece *p, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += p[i].text.n + 1 + strlen(p[i].lang ? p[i].lang : "") + 1 + strlen(p[i].as ? p[i].as : "") + 1;
	struct wish *w = calloc(1, sizeof *w + n * sizeof *p + bytes);

	if (!w)
		return NULL;
	w->order = o;
	w->n = n;
	w->pieces = (struct piece *)(void *)(w + 1);
	char *t = (char *)(w->pieces + n);

	for (size_t i = 0; i < n; i++) {
		const char *lang = p[i].lang ? p[i].lang : "", *as = p[i].as ? p[i].as : "";

		w->pieces[i] = p[i];
		if (p[i].text.n)
			memcpy(t, p[i].text.p, p[i].text.n);
		w->pieces[i].text.p = t;
		t += p[i].text.n + 1;
		memcpy(t, lang, strlen(lang));
		w->pieces[i].lang = t;
		t += strlen(lang) + 1;
		memcpy(t, as, strlen(as));
		w->pieces[i].as = t;
		t += strlen(as) + 1;
	}
	return w;
}

static struct sound *file_sound(const char *path)
{
	struct buf b;
	struct sound *s = NULL;
	struct err err;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	buf_init(&b, FILE_MAX);
	for (ssize_t n = 1; n > 0 && !b.failed;) {
		char *room = buf_grow(&b, 65536);

		n = room ? read(fd, room, 65536) : 0;
		b.n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (!b.failed && wav_read(buf_str(&b), &s, &err))
		log_warn("ivr.sound", "file", path, "reason", err.msg, LOG_END);
	buf_free(&b);
	return s;
}

/* A reference of the caller's own; NULL: it is not kept. */
static struct sound *kept_get(struct voice *v, const uint8_t key[SHA256_LEN])
{
	struct sound *s = NULL;

	pthread_mutex_lock(&v->kept_lock);
	for (int i = 0; i < KEPT && !s; i++)
		if (v->kept[i].sound && memcmp(v->kept[i].key, key, SHA256_LEN) == 0) {
			v->kept[i].used = ++v->clock;
			s = sound_keep(v->kept[i].sound);
		}
	pthread_mutex_unlock(&v->kept_lock);
	return s;
}

static void kept_drop(struct voice *v, struct kept *k)
{
	v->samples -= k->sound->n;
	sound_drop(&k->sound);
}

/* A place for n more samples, made by forgetting what was used the longest ago. */
static struct kept *kept_room(struct voice *v, size_t n)
{
	for (;;) {
		struct kept *oldest = NULL, *at = NULL;

		for (int i = 0; i < KEPT; i++) {
			struct kept *k = &v->kept[i];

			if (!k->sound)
				at = k;
			else if (!oldest || k->used < oldest->used)
				oldest = k;
		}
		if (at && v->samples + n <= KEPT_SAMPLES)
			return at;
		if (!oldest)
			return NULL;
		kept_drop(v, oldest);
	}
}

static void keep(struct voice *v, const uint8_t key[SHA256_LEN], struct sound *s)
{
	struct kept *at;

	if (!s || s->n > KEPT_SAMPLES / 4)
		return;
	pthread_mutex_lock(&v->kept_lock);
	at = kept_room(v, s->n);
	if (at) {
		memcpy(at->key, key, SHA256_LEN);
		at->sound = sound_keep(s);
		at->used = ++v->clock;
		v->samples += s->n;
	}
	pthread_mutex_unlock(&v->kept_lock);
}

/* A file counts as the same while its time and size are. */
static void file_key(const char *path, uint8_t key[SHA256_LEN])
{
	struct stat st = {0};
	char text[4400];
	int n;

	(void)stat(path, &st);
	n = snprintf(text, sizeof text, "file\n%lld.%ld %lld\n%s", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		     (long long)st.st_size, path);
	crypto_sha256(str_n(text, n < (int)sizeof text ? (size_t)n : sizeof text - 1), key);
}

static struct sound *beep(struct voice *v)
{
	uint8_t key[SHA256_LEN];
	struct sound *s;

	crypto_sha256(STR("builtin:beep"), key);
	s = kept_get(v, key);
	if (!s) {
		s = sound_beep();
		keep(v, key, s);
	}
	return s;
}

static struct sound *audio_sound(struct voice *v, struct str where)
{
	uint8_t key[SHA256_LEN];
	char path[4096];
	struct sound *s;

	if (str_is(where, "builtin:beep"))
		return beep(v);
	if (where.n > 7 && memcmp(where.p, "file://", 7) == 0)
		where = str_n(where.p + 7, where.n - 7);
	else if (where.n > 5 && memcmp(where.p, "file:", 5) == 0)
		where = str_n(where.p + 5, where.n - 5);
	if (!where.n || where.p[0] != '/' || where.n >= sizeof path)
		return NULL;
	memcpy(path, where.p, where.n);
	path[where.n] = 0;
	file_key(path, key);
	s = kept_get(v, key);
	if (!s) {
		s = file_sound(path);
		keep(v, key, s);
	}
	return s;
}

/* by: who speaks it, so that nobody's voice is taken for another's. */
static void spoken_key(struct str text, const char *lang, const char *by, const char *voice, uint8_t key[SHA256_LEN])
{
	struct buf b;

	buf_init(&b, 64 << 10);
	buf_addstr(&b, text);
	buf_addf(&b, "%c%s", 0, lang);
	if (*by)
		buf_addf(&b, "%c%s%c%s", 0, by, 0, voice);
	crypto_sha256(buf_str(&b), key);
	buf_free(&b);
}

static void spoken_path(const struct voice *v, const uint8_t key[SHA256_LEN], char out[4096])
{
	char hex[2 * SHA256_LEN + 1];

	crypto_hex(key, SHA256_LEN, hex);
	snprintf(out, 4096, "%s/%s.wav", v->set->sip_speech_cache, hex);
}

static struct sound *by_service(struct voice *v, const char *lang, struct str text)
{
	const char *voice = v->set->sip_speech_voice ? v->set->sip_speech_voice : "";
	uint8_t key[SHA256_LEN];
	char path[4096];
	struct sound *s;
	bool down;

	spoken_key(text, lang, v->set->sip_speech_url, voice, key);
	s = kept_get(v, key);
	if (s)
		return s;
	spoken_path(v, key, path);
	s = file_sound(path);
	if (!s && clock_mono() >= atomic_load(&v->service_again)) {
		s = speak_http(v->set, lang, text, path, &down);
		if (s)
			speak_prune(v->set->sip_speech_cache, v->set->sip_speech_keep);
		else if (down)
			atomic_store(&v->service_again, clock_mono() + SERVICE_PAUSE);
	}
	keep(v, key, s);
	return s;
}

static struct sound *by_program(struct voice *v, const char *lang, struct str text)
{
	uint8_t key[SHA256_LEN];
	char path[4096];
	struct sound *s;

	spoken_key(text, lang, "", "", key);
	s = kept_get(v, key);
	if (s)
		return s;
	spoken_path(v, key, path);
	s = file_sound(path);
	if (!s && speak_file(v->set->sip_speech, lang, text, path) == 0) {
		s = file_sound(path);
		speak_prune(v->set->sip_speech_cache, v->set->sip_speech_keep);
	}
	keep(v, key, s);
	return s;
}

static struct sound *text_sound(struct voice *v, const struct piece *p)
{
	const char *lang = p->lang && *p->lang ? p->lang : v->set->language;
	struct sound *s = NULL;
	struct buf said;

	buf_init(&said, 16384);
	speak_text(&said, p->text, p->type == PIECE_SAY_AS ? p->as : "");
	if (!said.failed && said.n) {
		if (v->set->sip_speech_url)
			s = by_service(v, lang, buf_str(&said));
		if (!s)
			s = by_program(v, lang, buf_str(&said));
	}
	buf_free(&said);
	return s;
}

static struct sound *piece_sound(struct voice *v, const struct piece *p)
{
	switch (p->type) {
	case PIECE_AUDIO: return audio_sound(v, p->text);
	case PIECE_TEXT:
	case PIECE_SAY_AS: return text_sound(v, p);
	case PIECE_SILENCE: return sound_new((size_t)(p->ms > 0 && p->ms < 60000 ? p->ms : 0) * 8);
	}
	return NULL;
}

static void fulfil(struct voice *v, struct wish *w)
{
	struct order *o = w->order;

	o->sounds = calloc(w->n ? w->n : 1, sizeof(struct sound *));
	for (size_t i = 0; o->sounds && i < w->n; i++) {
		struct sound *s = piece_sound(v, &w->pieces[i]);

		if (!s)
			continue;
		o->sounds[o->sounds_n++] = s;
		if (w->pieces[i].type == PIECE_AUDIO)
			i += w->pieces[i].skip;
	}
	free(w);
	order_send(o);
}

static void *voice_main(void *arg)
{
	struct voice *v = arg;

	pthread_mutex_lock(&v->lock);
	for (;;) {
		struct wish *w = v->first;

		if (!w && v->stop)
			break;
		if (!w) {
			pthread_cond_wait(&v->some, &v->lock);
			continue;
		}
		v->first = w->next;
		if (!v->first)
			v->last = &v->first;
		pthread_mutex_unlock(&v->lock);
		fulfil(v, w);
		pthread_mutex_lock(&v->lock);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

struct voice *voice_new(const struct ivr_settings *set, struct err *err)
{
	struct voice *v = calloc(1, sizeof *v);

	if (!v)
		return err_nomem(err), NULL;
	v->set = set;
	v->last = &v->first;
	pthread_mutex_init(&v->lock, NULL);
	pthread_mutex_init(&v->kept_lock, NULL);
	pthread_cond_init(&v->some, NULL);
	while (v->threads_n < THREADS && pthread_create(&v->thread[v->threads_n], NULL, voice_main, v) == 0)
		v->threads_n++;
	if (!v->threads_n) {
		voice_free(&v);
		err_set(err, ERR_INTERNAL, "thread", NULL, "no thread for sounds");
	}
	return v;
}

void voice_free(struct voice **v)
{
	if (!*v)
		return;
	pthread_mutex_lock(&(*v)->lock);
	(*v)->stop = true;
	pthread_cond_broadcast(&(*v)->some);
	pthread_mutex_unlock(&(*v)->lock);
	for (size_t i = 0; i < (*v)->threads_n; i++)
		pthread_join((*v)->thread[i], NULL);
	for (int i = 0; i < KEPT; i++)
		sound_drop(&(*v)->kept[i].sound);
	pthread_mutex_destroy(&(*v)->lock);
	pthread_mutex_destroy(&(*v)->kept_lock);
	pthread_cond_destroy(&(*v)->some);
	free(*v);
	*v = NULL;
}

void voice_ask(struct voice *v, struct order *o, const struct piece *p, size_t n)
{
	struct wish *w = wish_new(o, p, n);

	if (!w) {
		order_send(o);
		return;
	}
	pthread_mutex_lock(&v->lock);
	*v->last = w;
	v->last = &w->next;
	pthread_cond_signal(&v->some);
	pthread_mutex_unlock(&v->lock);
}
