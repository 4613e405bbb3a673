/*
 * What the files of the FastAGI door share.
 *
 *   agi.c       the listener, the lines' sockets, what the adapter asks for
 *   agi_run.c   commands and their answers: what is asked for becomes a sequence of them
 *   agi_line.c  one line of the protocol
 */
#pragma once
#include <netinet/in.h>
#include <sys/queue.h>

#include "ivr/agi.h"
#include "ivr/agi_line.h"

enum { AGI_LISTEN_MAX = 4, AGI_OUT_MAX = 64 << 10, AGI_PEERS_MAX = 16 };

enum agi_op { OP_NONE, OP_ANSWER, OP_REJECT, OP_PLAY, OP_RECORD, OP_TRANSFER, OP_HANG_UP };
enum agi_cmd {
	CMD_NONE,
	CMD_WAIT,
	CMD_ANSWER,
	CMD_LANGUAGE,
	CMD_PIECE,
	CMD_RECORD,
	CMD_DIAL,
	CMD_STATUS,
	CMD_TIME,
	CMD_HANG_UP
};

struct line {
	TAILQ_ENTRY(line) list;
	struct door *d;
	int fd;
	struct watch *watch;
	struct timer soon;
	struct buf in, out;
	struct call *call; /* NULL: its environment is still being read */
	int env_n;
	char id[128], from[128], name[128], to[128], menu[128], language[24];
	bool withheld;
	enum agi_op op;
	enum agi_cmd cmd; /* what an answer is due for */
	bool up, gone, closing, stop;
	enum end_by by;
	/* play */
	struct piece *pieces;
	size_t pieces_n, piece;
	char key; /* that ended it */
	/* record */
	struct record_wish wish;
	char record[300];
	/* transfer */
	char to_dial[256];
	bool bridge;
	int connect_ms, max_ms, cause;
	enum transfer_end how;
	int talked_ms;
};
TAILQ_HEAD(lines, line);

struct door {
	const struct ivr_settings *set;
	const struct door_host *host;
	struct sockaddr_storage address;
	socklen_t address_n;
	int fd;
	struct watch *watch;
	struct timer again, deadline;
	struct lines lines;
	size_t lines_n;
	unsigned serial;
	bool stopping, stopped;
};

/* agi.c */
void line_end(struct line *l, enum end_by by, const char *reason); /* tells the adapter, frees */
int line_write(struct line *l);

/* agi_run.c */
/* The next command, if none is on its way. The line may be gone afterwards. */
void agi_pump(struct line *l);
/* One line of text from Asterisk, after the environment. agi_pump follows. */
void agi_answer(struct line *l, struct str text);
