#!/usr/bin/env bash
# What the tests of sign-in need: identity providers (SimpleSAMLphp,
# LemonLDAP::NG, oidc-provider, Dex), a browser (Chromium) and a reverse proxy
# (nginx) before a Request Tracker.
#
#   test/signin.sh start   install what is missing, and print the environment
#   test/signin.sh env     print the environment
#   test/signin.sh stop    nothing: nothing runs
#
# For a shell:  eval "$(test/signin.sh start)"
#
# It starts nothing. Each test runs servers of its own, on ports of its own and
# for as long as it takes: see test/idptest, test/proxytest and
# test/browsertest. Where Debian has no package, ${DESKBRIDGE_TEST_DIR:-.test}/signin
# holds what was built or fetched, in the versions that are pinned in
# test/idptest/dex/go.mod and test/idptest/oidcprovider/package-lock.json.
set -euo pipefail

readonly kind=signin folder=signin
packages=(
	chromium nginx openssl
	simplesamlphp php-cli php-xml php-mbstring
	liblemonldap-ng-portal-perl liblasso-perl libglib-perl libgd-securityimage-perl
	libimage-magick-perl libio-string-perl libstring-random-perl libxml-simple-perl libplack-perl starlet libdbd-sqlite3-perl
	libfcgi-perl
)
command -v npm >/dev/null || packages+=(npm) # which Node.js's own packages bring along
# shellcheck source=test/desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"
runs_as=$(id -un) # tests run them, not another user

# build_dex builds the OpenID provider Dex. The compiler's cache makes it quick
# the second time.
build_dex() {
	(cd "$root/test/idptest/dex" && CGO_ENABLED=0 go build -trimpath -o "$dir/dex" github.com/dexidp/dex/cmd/dex)
}

# fetch_node_packages fetches oidc-provider, and the Node.js that it needs:
# Debian 12 has an older one.
fetch_node_packages() {
	local from=$root/test/idptest/oidcprovider to=$dir/oidcprovider
	cmp -s "$from/package-lock.json" "$to/installed-lock.json" && return
	rm -rf "$to"
	mkdir -p "$to"
	cp "$from/package.json" "$from/package-lock.json" "$to"
	(cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
		mv "$to/package-lock.json" "$to/installed-lock.json"
}

start() {
	command -v go >/dev/null || fail "needs Go, to build Dex"
	choose_dir
	mkdir -p "$dir/log"
	say "building Dex beside what follows (about a minute the first time)"
	build_dex >"$dir/log/dex.log" 2>&1 &
	local dex=$!
	install_packages
	fetch_node_packages >"$dir/log/npm.log" 2>&1 || fail_with npm "oidc-provider could not be fetched"
	wait "$dex" || fail_with dex "Dex could not be built"
	touch "$dir/made"
	env_of_tests
}

env_of_tests() {
	[ -e "$dir/made" ] || fail "not installed; use: test/signin.sh start"
	echo "export DESKBRIDGE_TEST_SIGNIN=$dir"
}

case ${1:-} in
start) start ;;
env)
	choose_dir
	env_of_tests
	;;
stop) ;;
*)
	say "usage: test/signin.sh start|env|stop"
	exit 2
	;;
esac
