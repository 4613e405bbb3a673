#!/bin/sh
# A PostgreSQL of the tests' own: in a folder of its own, on a UNIX socket only, without flushing to disk.
#
#   postgres.sh start FOLDER     makes it there and starts it; prints the DSN of a database
#   postgres.sh crash FOLDER     kills it, as a machine that fails would; again FOLDER starts it once more
#   postgres.sh stop FOLDER      stops it and removes the folder
#   postgres.sh keep FOLDER      as start, but with what is there already; halt FOLDER stops it and leaves the folder
#   postgres.sh run COMMAND...   runs a command with THREADLINE_TEST_STORE set to the DSN, and a server around it
#   postgres.sh pool FOLDER      starts PgBouncer before it, a connection for each transaction; prints its socket's folder
#   postgres.sh installed        whether there is a server to start
#
# FSYNC=on for measuring. PGBIN: where initdb is, by default the newest of Debian's. It must not run as root, so root
# runs it as "postgres".
set -eu

bin=${PGBIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n | tail -1)}

as_owner() {
	if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start() {
	dir=$1
	mkdir -p "$dir"
	[ "$(id -u)" != 0 ] || chown postgres "$dir"
	chmod 755 "$dir"
	as_owner "$bin/initdb" -D "$dir/data" -U threadline -A trust -E UTF8 --no-locale --no-sync >"$dir.log" 2>&1 ||
		{ cat "$dir.log" >&2 && exit 1; }
	cat >>"$dir/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$dir'
		max_connections = 400
		shared_buffers = ${SHARED_BUFFERS:-128MB}
		max_wal_size = 2GB
		fsync = ${FSYNC:-off}
		full_page_writes = ${FSYNC:-off}
		log_min_messages = ${LOG:-fatal}
		${EXTRA:-}
	END
	rm -f "$dir.log"
	again "$dir"
	name "$dir"
}

name() { printf 'postgresql:///postgres?host=%s&user=threadline\n' "$1"; }

# One that was not stopped is stopped first: its settings may be others.
keep() {
	[ -e "$1/data/PG_VERSION" ] || { start "$1" && return; }
	as_owner "$bin/pg_ctl" -D "$1/data" -m fast -w stop >/dev/null 2>&1 || true
	again "$1"
	name "$1"
}

# Its output goes to a file: whoever reads ours must not wait for the server to end.
# After a crash the processes of the dead server may hold its memory for a moment.
again() {
	for try in 1 2 3 4 5 6 7 8; do
		as_owner "$bin/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start >/dev/null 2>&1 && return 0
		sleep 0.$try
	done
	cat "$1/log" >&2
	return 1
}

# A pooler in front of it that gives each transaction another connection; prints the folder of its socket.
pool() {
	mkdir -p "$1/pool"
	cat >"$1/pool/ini" <<-END
		[databases]
		* = host=$1 user=threadline
		[pgbouncer]
		listen_addr =
		unix_socket_dir = $1/pool
		listen_port = 5432
		auth_type = any
		pool_mode = transaction
		default_pool_size = 3
		pidfile = $1/pool/pid
		logfile = $1/pool/log
	END
	[ "$(id -u)" != 0 ] || chown -R postgres "$1/pool"
	as_owner pgbouncer -q -d "$1/pool/ini" >/dev/null
	echo "$1/pool"
}

stop() {
	[ ! -e "$1/pool/pid" ] || kill "$(cat "$1/pool/pid")" || true
	as_owner "$bin/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$1"
}

case ${1:-} in
installed) [ -n "$bin" ] && [ -x "$bin/initdb" ] ;;
start) start "$2" ;;
again) again "$2" ;;
crash) kill -9 "$(head -1 "$2/data/postmaster.pid")" ;;
pool) pool "$2" ;;
stop) stop "$2" ;;
keep) keep "$2" ;;
halt) as_owner "$bin/pg_ctl" -D "$2/data" -m fast -w -t 300 stop >/dev/null ;;
run)
	shift
	folder=$(mktemp -d /tmp/threadline-pg-XXXXXX)
	trap 'stop "$folder"' EXIT
	trap 'exit 130' INT TERM
	THREADLINE_TEST_STORE=$(start "$folder")
	export THREADLINE_TEST_STORE
	status=0
	"$@" || status=$?
	exit $status
	;;
*) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
