#!/bin/sh
# A PostgreSQL of the tests' own: in a folder of its own, on a UNIX socket only, without flushing to disk.
#
#   postgres.sh start FOLDER     makes it there and starts it; prints the DSN of a database
#   postgres.sh crash FOLDER     kills it, as a machine that fails would; again FOLDER starts it once more
#   postgres.sh stop FOLDER      stops it and removes the folder
#   postgres.sh run COMMAND...   runs a command with THREADLINE_TEST_STORE set to the DSN, and a server around it
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
		log_min_messages = fatal
	END
	rm -f "$dir.log"
	again "$dir"
	printf 'postgresql:///postgres?host=%s&user=threadline\n' "$dir"
}

# Its output goes to a file: whoever reads ours must not wait for the server to end.
again() { as_owner "$bin/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start >/dev/null; }

stop() {
	as_owner "$bin/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$1"
}

case ${1:-} in
installed) [ -n "$bin" ] && [ -x "$bin/initdb" ] ;;
start) start "$2" ;;
again) again "$2" ;;
crash) kill -9 "$(head -1 "$2/data/postmaster.pid")" ;;
stop) stop "$2" ;;
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
*) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
