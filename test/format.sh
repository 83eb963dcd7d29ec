#!/usr/bin/env bash
# Names the Go files that gofmt would change, and fails when there are any.
#
#   test/format.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=$(gofmt -l ./*.go ./*/) # hidden folders hold no code of ours
if [ -n "$files" ]; then
	printf 'not formatted; run gofmt -w on:\n%s\n' "$files" >&2
	exit 1
fi
