#!/usr/bin/env bash
# Programs by others in JavaScript: node-saml and openid-client for the tests of
# sso/deskidp, scimmy-routers for those of desk/scim, in the versions of
# test/nodeclients/package-lock.json.
#
#   test/nodeclients.sh start   install what is missing; print the environment for the tests
#   test/nodeclients.sh stop    nothing runs: for those who stop everything
#   test/nodeclients.sh reset   install them afresh
#
# They lie in ${DESKBRIDGE_TEST_DIR:-.test}/nodeclients, and need Node.js 18 or
# newer. On Debian, as root, that is installed from Debian's packages.
set -euo pipefail

kind=nodeclients
folder=nodeclients
packages=(nodejs npm)
first_port=0 # nothing listens
# shellcheck source=desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"

has_node() {
	command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}

start() {
	has_node || install_packages
	has_node || fail "Node.js 18 or newer is needed, with npm"
	dir=${DESKBRIDGE_TEST_DIR:-$root/.test}/$folder
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	exec 8>"$dir/lock"
	flock 8
	if ! cmp -s "$root/test/nodeclients/package-lock.json" "$dir/installed"; then
		say "installing packages from the npm registry"
		cp "$root"/test/nodeclients/package{,-lock}.json "$dir/"
		(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund >"$dir/npm.log" 2>&1) || {
			tail -n 20 "$dir/npm.log" >&2
			fail "npm ci failed"
		}
		cp "$dir/package-lock.json" "$dir/installed" # last: what was cut short is done again
	fi
	printf "export DESKBRIDGE_TEST_NODE='%s'\n" "$dir"
}

case ${1:-help} in
start) start ;;
stop) ;;
reset)
	rm -rf "${DESKBRIDGE_TEST_DIR:-$root/.test}/$folder"
	start
	;;
*)
	say "usage: test/nodeclients.sh start|stop|reset"
	exit 2
	;;
esac
