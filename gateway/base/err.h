/*
 * The error object a caller passes down. A function that can fail returns 0 or -1 and, on -1, has filled `err`
 * (which may be NULL). It never logs what it returns. `field` names the offending member of the input as a JSON
 * pointer ("/to/0") or a configuration key, empty if none. One kind maps to one HTTP status (http/problem.c).
 */
#pragma once
#include <stdarg.h>

enum err_kind {
	ERR_NONE,
	ERR_INVALID,	  /* 400: not well-formed */
	ERR_UNAUTHORIZED, /* 401 */
	ERR_DENIED,	  /* 403 */
	ERR_NOT_FOUND,	  /* 404 */
	ERR_CONFLICT,	  /* 409: state does not permit it, or already in progress */
	ERR_PRECONDITION, /* 412: If-Match did not match */
	ERR_TOO_LARGE,	  /* 413 */
	ERR_SEMANTIC,	  /* 422: well-formed but wrong */
	ERR_BUSY,	  /* 429: a limit; retry_after_s says when */
	ERR_UNAVAILABLE,  /* 503: store or channel cannot take it now; retry_after_s says when */
	ERR_INTERNAL	  /* 500: our own fault, includes out of memory */
};

struct err {
	enum err_kind kind;
	char code[40]; /* stable snake_case word for programs, e.g. "number_invalid" */
	char field[80];
	char msg[240]; /* one sentence for people; never message text or secrets */
	int retry_after_s;
};

/* Always returns -1, so that `return err_set(...)` reads well. code and field may be NULL. */
int err_set(struct err *e, enum err_kind kind, const char *code, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int err_nomem(struct err *e);
/* Puts "what: " before the message. Returns -1. */
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Analysers look at one file at a time and have to be told what stands above: these always return -1. */
#ifdef __clang_analyzer__
#define err_set(...) ((void)err_set(__VA_ARGS__), -1)
#define err_nomem(e) ((void)err_nomem(e), -1)
#define err_context(...) ((void)err_context(__VA_ARGS__), -1)
#endif
