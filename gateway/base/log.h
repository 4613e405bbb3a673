/*
 * Structured log, one line of key=value (logfmt) or JSON for each record, to standard error.
 *
 *     log_info("smpp.bound", "account", "main", "system_id", sid, LOG_END);
 *     log_warn("store.write_failed", "code", code, "correlation", id, LOG_END);
 *
 * The event is a stable dotted word; then pairs of C strings; LOG_INT(n) makes a temporary text of a number.
 * Never a message body, never a secret: addresses appear only at debug level, through log_address() which masks them.
 * Thread-safe: one write(2) a line. The level is the one piece of process-wide state besides main's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

#define LOG_END ((const char *)0)

void log_setup(enum log_level least, bool json);
bool log_level_parse(const char *word, enum log_level *out);
bool log_on(enum log_level level);
void log_write(enum log_level level, const char *event, ...) __attribute__((sentinel));

struct log_num {
	char t[24];
};
struct log_num log_num(int64_t v);
#define LOG_INT(v) (log_num((int64_t)(v)).t)

/* "+4915123456789" -> "+49151*****89": enough to recognise, not to identify. */
struct log_mask {
	char t[40];
};
struct log_mask log_mask(const char *address);
#define LOG_ADDRESS(a) (log_mask(a).t)

#define log_debug(...) (log_on(LOG_DEBUG_) ? log_write(LOG_DEBUG_, __VA_ARGS__) : (void)0)
#define log_info(...) (log_on(LOG_INFO_) ? log_write(LOG_INFO_, __VA_ARGS__) : (void)0)
#define log_warn(...) log_write(LOG_WARN_, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR_, __VA_ARGS__)
