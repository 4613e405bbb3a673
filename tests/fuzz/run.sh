#!/bin/sh
# usage: run.sh SECONDS BINARY...   -- fuzzes each for so long; findings stay in build/fuzz/found/, new inputs in
# build/fuzz/corpus/NAME/. Exit status 1 if there was a finding.
set -u
seconds=$1
shift
found=build/fuzz/found
failed=0
mkdir -p $found
for bin in "$@"; do
	name=${bin##*/fuzz_}
	mkdir -p "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
	dict=
	[ ! -e "tests/fuzz/$name.dict" ] || dict=-dict=tests/fuzz/$name.dict
	log=build/fuzz/$name.log
	if "$bin" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 $dict \
		-artifact_prefix="$found/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		echo "ok    $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in $seconds s"
	else
		failed=$((failed + 1))
		echo "FOUND $name: see $log"
		grep -m3 -E 'ERROR|SUMMARY|runtime error' "$log"
	fi
done
exit $((failed > 0))
