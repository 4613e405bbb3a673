/*
 * The unit tests once more, with memory running out: each test is run with its first allocation failing, then with its
 * second, and so on until a run in which nothing failed.
 *
 * This stands in for Criterion at link time: the tests are the same objects, found in the same section. Only calls of malloc
 * and its kin from our own objects fail (the linker's --wrap), not those inside libraries. A run may end well or with a
 * failed assertion, since most tests expect success; it must not crash, hang, trip a sanitizer, or end well and leak. A test
 * that itself trips over what it was not given (one of the three innermost frames of ours is a file under tests/) counts as an assertion.
 *
 * usage: unit-oom [--once] [SUITE[/TEST]...]
 * --once runs each test once with nothing failing: for ThreadSanitizer, under which Criterion's own runner cannot work.
 * Environment: OOM_MAX runs of one test at most (150); OOM_SHARE=1/3 every third test from the second on;
 * OOM_BUDGET seconds that one test may take (some wait for their peer's time-outs).
 */
#include <criterion/criterion.h>
#include <criterion/internal/asprintf-compat.h>
#include <criterion/options.h>
#include <criterion/redirect.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oom/alloc.h"

enum { PASSED = 40, ASSERTED, LEAKED, NOTHING_FAILED, SECONDS = 30, SAID_MAX = 1 << 16 };

struct criterion_options criterion_options;

extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak)), *__stop_cr_sts[] __attribute__((weak));

static bool asserted, once;

void cri_asserts_passed_incr(void) {}
void criterion_continue_test(void) { asserted = true; }
void criterion_abort_test(void) { _exit(once || oom_failed() ? ASSERTED : NOTHING_FAILED); }
void criterion_skip_test(const char *format, ...)
{
	(void)format;
	_exit(NOTHING_FAILED);
}
void criterion_send_assert(struct criterion_assert_stats *stats)
{
	if (once && !stats->passed)
		fprintf(stderr, "%s:%u: assertion failed\n", stats->file, stats->line);
	asserted = true;
}
char *cr_translate_assert_msg(int i, ...)
{
	static char none[] = "";
	(void)i;
	return none;
}
int cr_asprintf(char **out, const char *fmt, ...)
{
	static char none[] = "  ";
	(void)fmt;
	*out = none + 1;
	return 1;
}
void cr_asprintf_free(char *p) { (void)p; }
void criterion_internal_test_setup(void) {}
void criterion_internal_test_teardown(void) {}
void criterion_internal_test_main(void (*fn)(void)) { fn(); }
void cr_redirect_stdout(void)
{
	if (!freopen("/dev/null", "w", stdout))
		_exit(PASSED);
}
void cr_redirect_stderr(void) {}
int cr_stdout_match_str(const char *text)
{
	(void)text;
	return 1;
}

static const struct criterion_suite *suite_of(const struct criterion_test *t)
{
	for (struct criterion_suite **s = __start_cr_sts; s && s < __stop_cr_sts; s++)
		if (*s && strcmp((*s)->name, t->category) == 0)
			return *s;
	return NULL;
}

static void call(void (*fn)(void))
{
	if (fn)
		fn();
}

/* In the child. The n-th allocation of the test proper fails; its set-up and clean-up have all they want. */
static int run(const struct criterion_test *t, long n)
{
	const struct criterion_suite *s = suite_of(t);
	bool failed, leaked;

	alarm(SECONDS);
	call(s && s->data ? s->data->init : NULL);
	call(t->data->init);
	if (!once)
		oom_begin(n);
	t->test();
	failed = oom_failed();
	oom_end();
	call(t->data->fini);
	call(s && s->data ? s->data->fini : NULL);
	leaked = oom_leaks() > 0;
	if (!failed && !(once && asserted))
		return NOTHING_FAILED;
	return asserted ? ASSERTED : leaked ? LEAKED : PASSED;
}

static bool wanted(const struct criterion_test *t, int argc, char **argv)
{
	if (t->data->disabled || t->data->signal || t->data->exit_code || t->data->kind_ != CR_TEST_NORMAL)
		return false;
	for (int i = 0; i < argc; i++) {
		size_t n = strlen(t->category);
		if (strncmp(argv[i], t->category, n) == 0 &&
		    (!argv[i][n] || (argv[i][n] == '/' && strcmp(argv[i] + n + 1, t->name) == 0)))
			return true;
	}
	return argc == 0;
}

/* What the child wrote to standard error, cut at SAID_MAX. */
static void listen_to(int fd, char *said)
{
	char rest[4096];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, n < SAID_MAX ? said + n : rest, n < SAID_MAX ? SAID_MAX - n : sizeof rest)) > 0)
		n += n < SAID_MAX ? (size_t)got : 0;
	said[n] = 0;
}

static int status_of(const struct criterion_test *t, long n, char *said)
{
	int status = 0, fds[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		_exit(run(t, n));
	}
	close(fds[1]);
	listen_to(fds[0], said);
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* A sanitizer's stack has a line "    #1 0x55... in name path:line" for each frame, the innermost first. True if one of the
 * innermost three that lie in this project lies in the tests. */
static bool by_the_test(const char *said)
{
	int frames = 0;

	if (strncmp(said, "tests/", 6) == 0 && strstr(said, "runtime error: "))
		return true;
	for (const char *line = said; line && frames < 3; line = strchr(line, '\n')) {
		char one[300];
		line += *line == '\n';
		snprintf(one, sizeof one, "%.*s", (int)strcspn(line, "\n"), line);
		if (one[strspn(one, " ")] != '#')
			continue;
		if (strstr(one, " tests/"))
			return true;
		frames += strstr(one, " gateway/") || strstr(one, " channels/");
	}
	return false;
}

/* false: some allocation's failure was not borne. */
static bool endure(const struct criterion_test *t, long most, long budget, long *runs)
{
	static char said[SAID_MAX + 1];
	time_t began = time(NULL);

	for (long n = 1; n <= most && (!budget || time(NULL) - began <= budget); n++) {
		int status = status_of(t, n, said), code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

		++*runs;
		if (code == NOTHING_FAILED)
			return true;
		if (!once && (code == PASSED || code == ASSERTED || by_the_test(said)))
			continue;
		if (WIFSIGNALED(status))
			printf("FAIL %s/%s: allocation %ld: %s\n", t->category, t->name, n,
			       WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
		else
			printf("FAIL %s/%s: allocation %ld: %s\n", t->category, t->name, n,
			       code == LEAKED	  ? "ends well and leaks"
			       : code == ASSERTED ? "an assertion failed"
						  : "a sanitizer has found something");
		printf("%.3000s\n", said);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	const char *most = getenv("OOM_MAX"), *share = getenv("OOM_SHARE"), *seconds = getenv("OOM_BUDGET");
	long limit = most ? strtol(most, NULL, 10) : 150, runs = 0, passed = 0, failed = 0, k = 0;
	long budget = seconds ? strtol(seconds, NULL, 10) : 0;
	long mine = share ? strtol(share, NULL, 10) : 0,
	     shares = share && strchr(share, '/') ? strtol(strchr(share, '/') + 1, NULL, 10) : 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN); /* as the gateway does */
	if (argc > 1 && strcmp(argv[1], "--once") == 0) {
		once = true;
		limit = 1;
		argc--;
		argv++;
	}
	for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
		if (!*t || !wanted(*t, argc - 1, argv + 1) || k++ % shares != mine)
			continue;
		if (endure(*t, limit, budget, &runs))
			passed++;
		else
			failed++;
	}
	printf("oom: %ld runs: Tested: %ld | Passing: %ld | Failing: %ld | Crashing: 0\n", runs, passed + failed,
	       passed, failed);
	return failed > 0;
}
