#!/usr/bin/env bash
# Runs the benchmarks of every package that has some.
#
#   test/bench.sh                 all of them
#   BENCH=Evaluate test/bench.sh  those whose name matches
#
# Benchmarks that need a PostgreSQL get one of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t packages < <(grep -rl --include='*_test.go' '^func Benchmark' ./*/ | xargs -r -n1 dirname | sort -u)
if [ ${#packages[@]} -eq 0 ]; then
	echo "there are no benchmarks"
	exit
fi
export DESKBRIDGE_TEST_DIR=$PWD/.test/bench
trap 'test/postgres.sh stop' EXIT
DESKBRIDGE_TEST_POSTGRES=$(test/postgres.sh start)
export DESKBRIDGE_TEST_POSTGRES
go test -run '^$' -bench "${BENCH:-.}" -benchmem "${packages[@]}"
