#!/bin/sh
# usage: run.sh BINARY   -- what `make run` starts (see tests/peer/demo.mjs)
set -eu
[ -e tests/peer/node_modules/.package-lock.json ] || (cd tests/peer && npm ci --silent)
exec node tests/peer/demo.mjs "$1"
