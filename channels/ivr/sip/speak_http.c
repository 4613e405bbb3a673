#include "ivr/sip/speak_http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

enum { WAV_MAX = 32 << 20, URL_MAX = 4096, CONNECT_MS = 2000 };

/* Where a name in braces begins and which it is. NULL: none follows. */
static const char *next_name(const char *url, struct str *name)
{
	const char *open = strchr(url, '{'), *end = open ? strchr(open, '}') : NULL;

	if (!end)
		return NULL;
	*name = str_n(open + 1, (size_t)(end - open) - 1);
	return open;
}

int speak_http_check(const char *url, struct err *err)
{
	struct str name;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(err, ERR_SEMANTIC, "address_invalid", "sip_speech_url",
			       "sip_speech_url: http:// or https:// is expected");
	for (const char *at = url; (at = next_name(at, &name)); at++)
		if (!str_is(name, "language") && !str_is(name, "voice"))
			return err_set(err, ERR_SEMANTIC, "name_unknown", "sip_speech_url",
				       "sip_speech_url: {%.*s} stands for nothing; there are {language} and {voice}",
				       (int)(name.n < 40 ? name.n : 40), name.p);
	return 0;
}

static void fill(CURL *curl, const char *url, const char *lang, const char *voice, struct buf *out)
{
	const char *open;
	struct str name;

	for (; (open = next_name(url, &name)); url = name.p + name.n + 1) {
		char *v = curl_easy_escape(curl, str_is(name, "voice") ? voice : lang, 0);

		buf_add(out, url, (size_t)(open - url));
		buf_adds(out, v ? v : "");
		curl_free(v);
	}
	buf_adds(out, url);
}

static size_t on_bytes(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return b->failed ? 0 : size * n;
}

static void write_wish(struct buf *b, const char *lang, const char *voice, struct str text)
{
	struct json_out j;

	json_begin(&j, b);
	json_obj(&j, NULL);
	json_str(&j, "text", text);
	json_cstr(&j, "language", lang);
	json_cstr(&j, "voice", voice);
	json_end(&j);
}

static struct curl_slist *headers(const struct ivr_settings *set)
{
	struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json"), *more;
	struct buf b;

	if (h && (more = curl_slist_append(h, "Accept: audio/wav")))
		h = more;
	if (!h || !set->sip_speech_secret)
		return h;
	buf_init(&b, URL_MAX);
	buf_addf(&b, "Authorization: Bearer %s", set->sip_speech_secret);
	more = b.failed ? NULL : curl_slist_append(h, buf_cstr(&b));
	buf_free(&b);
	return more ? more : h;
}

/* The HTTP status; 0: none came, and *why says what did. */
static long post(const struct ivr_settings *set, const char *lang, struct str text, struct buf *wav, const char **why)
{
	const char *voice = set->sip_speech_voice ? set->sip_speech_voice : "";
	CURL *curl = curl_easy_init();
	struct curl_slist *h = headers(set);
	struct buf url, wish;
	long status = 0;
	CURLcode r;

	*why = "out of memory";
	buf_init(&url, URL_MAX);
	buf_init(&wish, 1 << 20);
	write_wish(&wish, lang, voice, text);
	if (curl && h && !wish.failed) {
		fill(curl, set->sip_speech_url, lang, voice, &url);
		r = url.failed ? CURLE_URL_MALFORMAT : curl_easy_setopt(curl, CURLOPT_URL, buf_cstr(&url));
		r |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
		r |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		r |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h);
		r |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, wish.p);
		r |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wish.n);
		r |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
		r |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(set->sip_speech_timeout / US_MS));
		r |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
		r |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, wav);
		if (r == CURLE_OK)
			r = curl_easy_perform(curl);
		*why = r == CURLE_OK ? "" : curl_easy_strerror(r);
		if (r == CURLE_OK)
			(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_slist_free_all(h);
	curl_easy_cleanup(curl);
	buf_free(&url);
	buf_free(&wish);
	return status;
}

static void keep(struct str wav, const char *path)
{
	char part[4200];
	int fd;
	bool whole = false;

	snprintf(part, sizeof part, "%s.%d.part", path, (int)gettid());
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		whole = write(fd, wav.p, wav.n) == (ssize_t)wav.n;
		whole = close(fd) == 0 && whole;
	}
	if (whole && rename(part, path) == 0)
		return;
	if (fd >= 0)
		(void)unlink(part);
	log_warn("ivr.speech_not_kept", "file", path, LOG_END); /* it is asked for again the next time */
}

struct sound *speak_http(const struct ivr_settings *set, const char *lang, struct str text, const char *path,
			 bool *down)
{
	struct sound *s = NULL;
	struct err err = {0};
	const char *why;
	char code[32];
	struct buf wav;
	long status;

	buf_init(&wav, WAV_MAX);
	status = post(set, lang, text, &wav, &why);
	*down = status == 0 || status == 429 || status >= 500;
	if (status == 200 && wav_read(buf_str(&wav), &s, &err) == 0)
		keep(buf_str(&wav), path);
	if (!s) {
		snprintf(code, sizeof code, "status %ld", status);
		log_warn("ivr.speech_service", "language", lang, "reason",
			 status == 200 ? err.msg
			 : status      ? code
				       : why,
			 LOG_END);
	}
	buf_free(&wav);
	return s;
}
