#include "ivr/sip/speak.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

extern char **environ;

void speak_text(struct buf *out, struct str text, const char *as)
{
	bool single = as && (strcmp(as, "digits") == 0 || strcmp(as, "telephone") == 0 || strcmp(as, "phone") == 0);

	if (!single) {
		buf_addstr(out, text);
		return;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9' && out->n)
			buf_addc(out, ' ');
		buf_addc(out, text.p[i]);
	}
}

/* A voice is named by letters, digits and hyphens: nothing that could be another option. */
static bool lang_ok(const char *lang)
{
	size_t n = strlen(lang);

	return n > 0 && n < 20 && lang[0] != '-' &&
	       strspn(lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static int wait_for(pid_t pid)
{
	int64_t until = clock_mono() + SPEAK_SECONDS * US_SEC;
	struct timespec nap = {.tv_nsec = 5000000};
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
		if (got < 0)
			return -1;
		if (clock_mono() > until) {
			kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
}

/* The text lies in a file of its own before the program begins: no pipe can fill up, none can break. */
static int run(const char *program, const char *lang, struct str text, const char *path)
{
	const char *argv[] = {program, "-v", lang, "-w", path, "--stdin", NULL};
	posix_spawn_file_actions_t act;
	pid_t pid;
	int rc, in = memfd_create("text", MFD_CLOEXEC);

	if (in < 0)
		return -1;
	if (write(in, text.p, text.n) != (ssize_t)text.n || lseek(in, 0, SEEK_SET) != 0) {
		close(in);
		return -1;
	}
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_adddup2(&act, in, 0);
	posix_spawn_file_actions_addopen(&act, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&act, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, program, &act, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&act);
	close(in);
	return rc ? -1 : wait_for(pid);
}

int speak_file(const char *program, const char *lang, struct str text, const char *path)
{
	char part[4200];

	if (!lang_ok(lang) || !text.n)
		return -1;
	snprintf(part, sizeof part, "%s.%d.part", path, (int)gettid()); /* another thread may be at the same text */
	if (run(program, lang, text, part) == 0 && rename(part, path) == 0)
		return 0;
	(void)unlink(part);
	log_warn("ivr.speech", "program", program, "language", lang, "reason", "no sound came of the text", LOG_END);
	return -1;
}

static int64_t oldest_of(DIR *dir, char name[256], int64_t *total)
{
	struct dirent *e;
	int64_t size = 0;
	time_t oldest = 0;

	*total = 0;
	rewinddir(dir);
	while ((e = readdir(dir))) {
		struct stat st;
		size_t n = strlen(e->d_name);

		if (n < 5 || strcmp(e->d_name + n - 4, ".wav") != 0 || fstatat(dirfd(dir), e->d_name, &st, 0))
			continue;
		*total += st.st_size;
		if (!size || st.st_atime < oldest) {
			oldest = st.st_atime;
			size = st.st_size ? st.st_size : 1;
			snprintf(name, 256, "%s", e->d_name);
		}
	}
	return size;
}

void speak_prune(const char *folder, int64_t keep)
{
	DIR *dir = opendir(folder);
	char name[256];
	int64_t total;

	if (!dir)
		return;
	while (oldest_of(dir, name, &total) && total > keep)
		if (unlinkat(dirfd(dir), name, 0))
			break;
	closedir(dir);
}
