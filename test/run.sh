#!/usr/bin/env bash
# Everything that must hold before a change is merged: gofmt, vet, lint, and all
# tests with the race detector, on a real PostgreSQL, with real help desks,
# identity providers and a browser.
#
#   test/run.sh              everything
#   test/run.sh ./store/...  the checks, and the tests of some packages
#
# It needs Go 1.26 and a C compiler (the race detector is the only thing that
# does). On Debian, as root, it installs what else is missing; elsewhere it
# says what to install. The servers belong to this run: they listen on
# 127.0.0.1 only, keep their data in .test/run, and are stopped at the end,
# whatever the outcome. The last lines are those of go test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly go_needed=1.26
readonly needed=(requesttracker redmine libredesk nodeclients signin deploytools) # each has a test/NAME.sh that prints its environment
export DESKBRIDGE_TEST_DIR=$PWD/.test/run
readonly logs=$DESKBRIDGE_TEST_DIR/logs
mkdir -p "$logs"
chmod 700 "$logs" # one of them holds a token

say() { printf '== %s  (%d:%02d)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }
fail() {
	printf 'make test: %s\n' "$*" >&2
	exit 1
}

# One run at a time: they share the servers' data.
alone() {
	command -v flock >/dev/null || return 0
	exec 8>"$DESKBRIDGE_TEST_DIR/lock"
	flock -n 8 || fail "another run is under way in this checkout"
}

need_go() {
	command -v go >/dev/null || fail "Go is missing; install Go $go_needed or newer from https://go.dev/dl/"
	local version
	version=$(go env GOVERSION)
	[ "$(printf '%s\n' "go$go_needed" "${version%%[ -]*}" | sort -V | head -n 1)" = "go$go_needed" ] ||
		fail "Go is $version; install Go $go_needed or newer from https://go.dev/dl/"
}

need_compiler() {
	local cc
	cc=$(go env CC)
	command -v "${cc%% *}" >/dev/null && return
	[ -e /etc/debian_version ] && [ "$(id -u)" -eq 0 ] ||
		fail "the race detector needs a C compiler, and there is no ${cc%% *}; install gcc (Debian, Ubuntu: apt-get install gcc libc6-dev)"
	say "installing a C compiler for the race detector"
	apt-get update -qq >"$logs/compiler.log" 2>&1 &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >>"$logs/compiler.log" 2>&1 ||
		fail "gcc could not be installed; see $logs/compiler.log"
}

# start_servers runs beside the checks. One after the other: apt-get allows no
# two at a time.
start_servers() {
	test/postgres.sh start >"$logs/postgres.url" 2>"$logs/postgres.err" || return
	local name
	for name in "${needed[@]}"; do
		"test/$name.sh" start >"$logs/$name.env" 2>"$logs/$name.err" || return
	done
}

# Tests' temporary files go into memory where there is room, and programs may
# run from there: embedded databases else wait for the disk at each commit.
memory=
choose_memory() {
	local free
	free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }') || true
	[ "${free:-0}" -gt 4000000 ] && memory=$(mktemp -d /dev/shm/dbt.XXXXXX) || return 0
	chmod 711 "$memory" # as /tmp is: some servers run as another user
	printf '#!/bin/sh\n' >"$memory/try"
	chmod 700 "$memory/try"
	if ! "$memory/try" 2>/dev/null; then
		rm -rf "$memory"
		memory=
	fi
}

servers= playing=
stop_servers() {
	local status=$?
	trap - EXIT
	trap '' INT TERM # once is enough: let the servers end
	[ -z "$playing" ] || { kill -- "-$playing" && wait "$playing"; } 2>/dev/null || true
	[ -z "$servers" ] || wait "$servers" || true # what is half started cannot be stopped
	local name
	for name in "${needed[@]}" postgres; do
		"test/$name.sh" stop
	done >"$logs/stop.log" 2>&1 || true
	[ -z "$memory" ] || rm -rf "$memory"
	exit "$status"
}

wait_for_servers() {
	if ! wait "$servers"; then
		servers=
		cat "$logs"/*.err >&2
		fail "PostgreSQL, a help desk or what sign-in is tested with did not start; see above"
	fi
	servers=
	DESKBRIDGE_TEST_POSTGRES=$(cat "$logs/postgres.url")
	export DESKBRIDGE_TEST_POSTGRES
	local name
	for name in "${needed[@]}"; do
		# shellcheck source=/dev/null
		source "$logs/$name.env"
	done
}

# check runs a command and remembers when it fails: the tests run all the same.
broken=()
check() {
	local what=$1
	shift
	say "$what"
	"$@" 8>&- || broken+=("$what")
}

# unraced lists what is in files that the race detector leaves out, which say why:
# a package and a test on each line.
unraced() {
	local file
	grep -rl --include='*_test.go' --exclude-dir=.git --exclude-dir=.test '^//go:build .*!race' . | while read -r file; do
		sed -n "s|^func \\(Test[[:alnum:]]*\\)(t \\*testing.T) {\$|${file%/*} \\1|p" "$file"
	done | sort
}

# plays runs them. One that does not run fails.
plays() {
	local list package tests test out failed=
	list=$(unraced)
	[ -n "$list" ] || return
	for package in $(cut -d ' ' -f 1 <<<"$list" | uniq); do
		tests=$(grep "^$package " <<<"$list" | cut -d ' ' -f 2)
		out=$("${shipped[@]}" go test -tags services -vet=off -timeout 20m -run "^($(paste -sd '|' <<<"$tests"))\$" -v "$package" 2>&1) || failed=1
		for test in $tests; do
			grep -q "^--- PASS: $test " <<<"$out" || failed=1
		done
		[ -z "$failed" ] || grep -v '^=== \|^ *--- PASS' <<<"$out" | tail -n 60
	done
	[ -z "$failed" ]
}

# What is not for the race detector is compiled without cgo, as the program is that
# tests build and start: once for all of them.
readonly shipped=(env CGO_ENABLED=0)

# The race detector watches our code, what connects it, and the standard library;
# not the C that the embedded database was translated from, and not the steps that
# the layers between us and a database take by themselves, which are most of what
# a test of ours does. What they read and write of ours they do by reflect and
# database/sql, and locks and channels are watched wherever they are.
#
# Not inlining is part of it: what such a layer inlines of the standard library, as of
# sync.Map, it would be the one to compile for the whole program, and nobody would see
# what is locked by it.
readonly unwatched=(-gcflags='modernc.org/...=-d=checkptr=0' -gcflags='modernc.org/sqlite/lib=-race=false' -gcflags='gorm.io/...=-race=false -l' -gcflags='github.com/jackc/pgx/...=-race=false -l')

need_go
alone
need_compiler
# Everything is compiled as releases are, or their tests would compile the world anew.
case " $(go env GOFLAGS) " in
*" -trimpath "*) ;;
*) GOFLAGS="$(go env GOFLAGS) -trimpath" ;;
esac
export GOFLAGS
# A quarter of what compilers and tests do is collecting garbage, as long as a heap may
# only double before it is collected.
export GOGC=400
rm -f "$logs"/*.err "$logs"/*.url "$logs"/*.env
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
(start_servers) 8>&- &
servers=$!

check "gofmt" test/format.sh
check "go vet" "${shipped[@]}" go vet -tags services ./...
# The linter's heap is the largest: four gigabytes even so.
check "golangci-lint" "${shipped[@]}" GOGC=200 "${MAKE:-make}" --no-print-directory golangci-lint
say "waiting for PostgreSQL, the help desks and the identity providers"
wait_for_servers
choose_memory
# What the race detector leaves out runs beside the rest: most of it is one goroutine.
if [ $# -eq 0 ]; then
	say "tests without the race detector, beside the others"
	set -m # in a process group, so that all of it can be stopped
	GOTMPDIR=${TMPDIR:-/tmp} TMPDIR=${memory:-${TMPDIR:-/tmp}} plays >"$logs/plays.log" 2>&1 8>&- &
	playing=$!
	set +m
fi
# Three at a time: the longest of them wait for servers and clocks. They begin in
# this order, so those come first, and none is left over at the end.
[ $# -gt 0 ] || set -- ./cmd/deskbridge ./worker ./sso ./desk/redmine ./deploy ./scim ./desk/requesttracker ./store ./...
# A program with the race detector sleeps for a second before it ends, for races
# that are still to come; each of more than a hundred would.
say "tests"
status=0
GORACE="atexit_sleep_ms=50 ${GORACE:-}" GOTMPDIR=${TMPDIR:-/tmp} TMPDIR=${memory:-${TMPDIR:-/tmp}} CGO_ENABLED=1 go test -p 3 -tags services -race "${unwatched[@]}" -vet=off -timeout 30m "$@" 8>&- || status=$?
if [ -n "$playing" ] && ! wait "$playing"; then
	broken+=("tests without the race detector")
	cat "$logs/plays.log" >&2
fi
playing=
[ "$status" -eq 0 ] || exit "$status"
[ ${#broken[@]} -eq 0 ] || fail "the tests passed, but not: ${broken[*]}"
