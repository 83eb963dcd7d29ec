#!/usr/bin/env bash
# The tools that judge what is in deploy (systemd-analyze, strace, promtool of Prometheus),
# and those that commands of the documentation call.
#
#   test/deploytools.sh start   install what is missing; print the environment for the tests
#   test/deploytools.sh stop    nothing runs: for those who stop everything
#
# On Debian, as root, they are installed with their packages; promtool is
# only unpacked from its own, into ${DESKBRIDGE_TEST_DIR:-.test}/deploytools, so that
# no Prometheus is installed.
set -euo pipefail

kind=deploytools
folder=deploytools
packages=(systemd strace curl sqlite3 python3)
first_port=0 # nothing listens
# shellcheck source=desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"

has_tools() {
	local tool
	for tool in systemd-analyze strace curl sqlite3 python3; do
		command -v "$tool" >/dev/null || return
	done
}

start() {
	has_tools || install_packages
	dir=${DESKBRIDGE_TEST_DIR:-$root/.test}/$folder
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	local promtool
	promtool=$(command -v promtool || echo "$dir/promtool")
	exec 8>"$dir/lock"
	flock 8
	[ -x "$promtool" ] || unpack_promtool
	printf "export DESKBRIDGE_TEST_PROMTOOL='%s' DESKBRIDGE_TEST_SYSTEMD_ANALYZE='%s'\n" "$promtool" "$(command -v systemd-analyze)"
}

unpack_promtool() {
	command -v apt-get >/dev/null || fail "needs promtool, which comes with Prometheus"
	say "unpacking promtool from Debian's package of Prometheus"
	local work log
	work=$(mktemp -d)
	log=$dir/log
	(
		flock 9 # one script of ours at a time asks for packages
		cd "$work"
		apt-cache show prometheus >/dev/null 2>&1 || apt-get update -qq
		apt-get download -qq -o APT::Sandbox::User=root prometheus || { apt-get update -qq && apt-get download -qq -o APT::Sandbox::User=root prometheus; }
		dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --to-stdout ./usr/bin/promtool >promtool
		chmod 755 promtool
	) 9>>"$(lock_file)" >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "promtool could not be unpacked"; }
	mv "$work/promtool" "$dir/promtool" # last: what was cut short is done again
	rm -rf "$work"
}

# lock_file is what install_packages locks, where it may be written.
lock_file() {
	if [ "$(id -u)" -eq 0 ]; then echo /var/lock/deskbridge-test-apt.lock; else echo "$dir/apt.lock"; fi
}

case ${1:-help} in
start) start ;;
stop) ;;
*)
	say "usage: test/deploytools.sh start|stop"
	exit 2
	;;
esac
