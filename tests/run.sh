#!/bin/sh
# Everything that `make test` proves, in order of trust: units, units under sanitizers, units with memory running out, old
# findings of the fuzzers, the API's document, the service end to end. Ends with "N passed, N failed".
#
# ONLY="units e2e" runs some suites only; KILL_ROUNDS rounds of the kill tests (50; 15 of those of mail and campaigns); logs
# in build/test/. Units and end to end run on SQLite, and again on PostgreSQL ("pg"), where it is installed.
set -u
cd "$(dirname "$0")/.."
logs=build/test
mkdir -p $logs build/e2e
passed=0
failed=0
began=$(date +%s)
jobs=$(nproc)

wanted() { case " ${ONLY:-$1} " in *" $1 "*) true ;; *) false ;; esac; }

# tally NAME PASSED FAILED: one line for a suite, and its share of the sum
tally() {
	passed=$((passed + $2))
	failed=$((failed + $3))
	verdict=ok
	[ "$3" -eq 0 ] || verdict=FAIL
	printf '%-5s %-34s %5d passed, %d failed  (%d s)\n' "$verdict" "$1" "$2" "$3" $(($(date +%s) - began))
	if [ "$3" -ne 0 ]; then
		grep -E '^(FAIL|\[FAIL\]|\[----\]|\[CRASH\]|not ok)|ERROR|SUMMARY|runtime error|rror:' "$logs/$1.log" | head -60
		echo "      (all of it: $logs/$1.log)"
	fi
}

# Whether a program ended well: one test.
simple() {
	name=$1
	shift
	wanted "${name%%-*}" || return 0
	if "$@" >"$logs/$name.log" 2>&1; then tally "$name" 1 0; else tally "$name" 0 1; fi
}

# Criterion's summary, or the OOM runner's in the same form.
criterion() {
	name=$1
	shift
	wanted "${name%%-*}" || return 0
	"$@" >"$logs/$name.log" 2>&1
	status=$?
	sum=$(grep -h 'Tested: ' "$logs/$name.log" | sed 's/.*Tested: *//; s/[^0-9|]//g' | awk -F'|' '{p += $2; f += $3 + $4} END {print p + 0, f + 0}')
	ok=${sum% *}
	bad=${sum#* }
	# A suite that ran nothing or died has failed, whatever it counted.
	if [ "$ok" -eq 0 ] || { [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }; then bad=$((bad + 1)); fi
	tally "$name" "$ok" "$bad"
}

node_tests() {
	name=$1
	shift
	wanted "${name%%-*}" || return 0
	: >"$logs/$name.log"
	ok=0
	bad=0
	for f in "$@"; do
		echo "== $f" >>"$logs/$name.log"
		timeout -k 10 "${E2E_TIMEOUT:-900}" node --test --test-reporter=./tests/e2e/lib/report.mjs "$f" >"$logs/$name.part" 2>&1
		status=$?
		cat "$logs/$name.part" >>"$logs/$name.log"
		line=$(grep '^TOTAL ' "$logs/$name.part" | tail -1)
		p=$(echo "$line" | sed -n 's/^TOTAL \([0-9]*\) passed, \([0-9]*\) failed.*/\1/p')
		q=$(echo "$line" | sed -n 's/^TOTAL \([0-9]*\) passed, \([0-9]*\) failed.*/\2/p')
		[ -n "$p" ] || { p=0 q=1; }
		if [ $status -ne 0 ] && [ "$q" -eq 0 ]; then q=1; fi
		[ "$q" -eq 0 ] || echo "FAIL  in $f (status $status)" >>"$logs/$name.log"
		ok=$((ok + p))
		bad=$((bad + q))
	done
	rm -f "$logs/$name.part"
	tally "$name" $ok $bad
}

# The runner of tests/oom, several at once, each with its share of the tests: many wait for time to pass.
runner() {
	status=0 pids=
	for i in $(seq 0 $((4 * jobs - 1))); do
		OOM_SHARE=$i/$((4 * jobs)) "$@" >"$logs/oom.$i" 2>&1 &
		pids="$pids $!"
	done
	for p in $pids; do wait "$p" || status=1; done
	cat $logs/oom.[0-9]*
	rm -f $logs/oom.[0-9]*
	return $status
}

asan=build/san-address-undefined
tsan=build/san-thread
fuzzers=$(ls tests/fuzz/fuzz_*.c 2>/dev/null | sed 's#.*/\(.*\)\.c#\1#')
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp:halt_on_error=1"

# shellcheck disable=SC2046
{
	simple build make -s -j"$jobs" WERROR=1 all unitbin npm
	simple build-asan make -s -j"$jobs" WERROR=1 SAN=address,undefined all unitbin oombin fuzzbins
	simple build-tsan make -s -j"$jobs" WERROR=1 SAN=thread all oombin
}

criterion units build/unit -j"$jobs"
unset THREADLINE_TEST_STORE
on_postgres="tests/peer/postgres.sh run"
! wanted pg || tests/peer/postgres.sh installed || { echo "skip  pg-units, pg-e2e: PostgreSQL is not installed" && on_postgres=; }
[ -z "$on_postgres" ] || criterion pg-units $on_postgres build/unit -j"$jobs"
criterion units-asan $asan/unit -j"$jobs"
OOM_MAX=1 criterion units-tsan runner $tsan/unit-oom --once
ASAN_OPTIONS=detect_leaks=0:handle_abort=1 OOM_MAX=${OOM_MAX:-40} OOM_BUDGET=${OOM_BUDGET:-3} criterion units-oom runner $asan/unit-oom

for f in $fuzzers; do
	[ ! -d "tests/fuzz/corpus/${f#fuzz_}" ] || simple "fuzz-${f#fuzz_}" $asan/"$f" "tests/fuzz/corpus/${f#fuzz_}"
done

[ ! -e gateway/api/openapi.json ] || simple openapi-lint sh -c 'cd tests && npx --no-install redocly lint --config redocly.yaml ../gateway/api/openapi.json'

export E2E_COVERAGE=build/e2e/coverage.txt
rm -f $E2E_COVERAGE
plain=$(ls tests/e2e/*.test.mjs | grep -v -E 'kill|openapi')
# shellcheck disable=SC2086
{
	node_tests e2e $plain
	[ -z "$on_postgres" ] || THREADLINE_TEST_STORE=postgresql node_tests pg-e2e $plain
	E2E_ALL=1 node_tests e2e-openapi tests/e2e/openapi.test.mjs
	THREADLINE_BIN=$asan/threadline node_tests e2e-asan $(echo "$plain" | grep -v browser)
	more=${KILL_ROUNDS:-15}
	KILL_ROUNDS=${KILL_ROUNDS:-50} node_tests kill tests/e2e/kill.test.mjs
	KILL_ROUNDS=$more node_tests kill-more tests/e2e/kill.email.test.mjs tests/e2e/kill.campaign.test.mjs tests/e2e/kill.calls.test.mjs
}

echo
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
