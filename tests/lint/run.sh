#!/bin/sh
# usage: run.sh BUILD CPPFLAGS...   -- every check of `make lint`; all run, exit status 1 if one found something.
# TIDY=changed restricts clang-tidy to files that differ from the main branch.
set -u
build=$1
shift
failed=0
c_files=$(git ls-files -co --exclude-standard 'gateway/*.c' 'channels/*.c' 'templates/*.c' | sort)
formatted=$(git ls-files -co --exclude-standard 'gateway/*.[ch]' 'channels/*.[ch]' 'templates/*.[ch]' 'tests/*.[ch]' '*.cc' | sort)

step() {
	name=$1
	shift
	if "$@"; then echo "ok    $name"; else
		echo "FAIL  $name"
		failed=1
	fi
}

tidy_files=$c_files
[ "${TIDY:-}" != changed ] || tidy_files=$(git diff --name-only --diff-filter=d main -- '*.c' | grep -E '^(gateway|channels)/')

tidy_all() {
	mkdir -p "$build/lint"
	# shellcheck disable=SC2086
	printf '%s\n' $tidy_files | xargs -P "$(nproc)" -I{} sh -c '
		out=$1/lint/$(echo "$2" | tr / _)
		shift
		f=$1
		shift
		clang-tidy --quiet "$f" -- -std=c17 "$@" >"$out" 2>/dev/null || { cat "$out"; exit 1; }
	' sh "$build" {} "$@"
}

# shellcheck disable=SC2086
step "house rules" node tests/lint/house.mjs "$build"
# shellcheck disable=SC2086
step clang-format clang-format --dry-run -Werror $formatted
# shellcheck disable=SC2086
step cppcheck cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir="$(mkdir -p "$build/cppcheck" && echo "$build/cppcheck")" \
	-j 2 -D_GNU_SOURCE -D__linux__ -Igateway -Ichannels -Itemplates -I"$build/gen" $c_files
step clang-tidy tidy_all "$@"
exit $failed
