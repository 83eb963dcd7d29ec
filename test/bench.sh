#!/usr/bin/env bash
# Measures Deskbridge beside two other servers and PostgreSQL itself, and prints
# ratios with their goals; see docs/performance.md.
#
#   test/bench.sh                 all of it, some seventeen minutes
#   QUICK=1 test/bench.sh         a first look, two minutes
#   JSON=file test/bench.sh       the results as JSON, too; - is standard output
#   BENCH=Evaluate test/bench.sh  instead, the Go benchmarks whose name matches
#
# It gets a PostgreSQL of its own, which nobody else may use meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DESKBRIDGE_TEST_DIR=$PWD/.test/bench DESKBRIDGE_TEST_DURABLE=1
trap 'test/postgres.sh stop' EXIT
DESKBRIDGE_TEST_POSTGRES=$(test/postgres.sh start)
export DESKBRIDGE_TEST_POSTGRES

if [ -n "${BENCH:-}" ]; then
	mapfile -t packages < <(grep -rl --include='*_test.go' '^func Benchmark' ./*/ | xargs -r -n1 dirname | sort -u)
	go test -tags services -run '^$' -bench "$BENCH" -benchmem "${packages[@]}"
	exit
fi

make --no-print-directory build >&2
go build -o "$DESKBRIDGE_TEST_DIR/bench" ./bench
args=(--deskbridge "$PWD/bin/deskbridge" --bindir "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)")
[ -z "${QUICK:-}" ] || args+=(--quick)
[ -z "${JSON:-}" ] || args+=(--json "$JSON")
[ -z "${ONLY:-}" ] || args+=(--only "$ONLY")
"$DESKBRIDGE_TEST_DIR/bench" "${args[@]}"
[ -z "${QUICK:-}${ONLY:-}" ] || exit 0

echo
echo "Signing in, beside the libraries and a bare handler:"
go test -tags services ./sso -run '^$' -bench 'SAMLSignIn|OIDCCallback' -benchtime 100x | grep '^Benchmark'
go test -tags services ./sso -run '^$' -bench ForwardAuth -benchtime 1x | grep '^Benchmark'

echo
echo "What waits beside something large, and the audit log of a million entries:"
go test -tags services ./provision/plan -run '^$' -bench 'LongestPush/postgres/people=30000' -benchtime 1x | grep '^Benchmark'
go test -tags services ./provision/audit -run '^$' -bench 'AuditVerify/postgres' -benchtime 1x | grep '^Benchmark'
