#!/bin/sh
# A private PostgreSQL for tests: listens on 127.0.0.1 only, keeps its data
# under the checkout, and touches no other cluster on this machine.
#
#   test/postgres.sh start   make and start it unless it runs; print its URL
#   test/postgres.sh url     print the URL of the running one
#   test/postgres.sh stop    stop it and delete its data
#
# DESKBRIDGE_TEST_DIR   where to keep it (default: .test in the checkout)
# DESKBRIDGE_TEST_PORT  its port (default: a free one)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
base=${DESKBRIDGE_TEST_DIR:-$root/.test}
mkdir -p "$base"
base=$(CDPATH='' cd -- "$base" && pwd)
link=$base/postgres # names the directory of the cluster, which may lie elsewhere

die() {
	echo "test/postgres.sh: $*" >&2
	exit 1
}

# as_owner runs a command as the owner of the cluster: PostgreSQL refuses root.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && runuser -u postgres -- "$@")
	else
		"$@"
	fi
}

# bindir prints where initdb and pg_ctl are: the newest server that is installed.
bindir() {
	for dir in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -t/ -k5 -V -r) "$(pg_config --bindir 2>/dev/null || true)"; do
		if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

# install gets Debian's package, without starting the cluster that comes with it.
install() {
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		die "no PostgreSQL server found; install one (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql)"
	fi
	policy=/usr/sbin/policy-rc.d
	made=
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		made=1
	fi
	try=1
	until apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2; do
		[ $try -lt 5 ] || break
		sleep $((try * 2))
		try=$((try + 1))
	done
	[ -z "$made" ] || rm -f $policy
	bindir >/dev/null || die "apt-get could not install postgresql; install it by hand and try again"
}

# free_port prints a port that nobody listens on.
free_port() {
	port=$((20000 + $$ % 10000))
	while listening "$port"; do
		port=$((port + 1))
	done
	echo "$port"
}

listening() {
	if command -v ss >/dev/null; then
		ss -Htln "sport = :$1" | grep -q .
	else
		grep -qi ":$(printf '%04x' "$1") 00000000:0000 0a" /proc/net/tcp 2>/dev/null
	fi
}

# folder prints a directory that the owner can enter: the checkout's, or one
# under /var/tmp when the checkout lies below a directory closed to postgres.
folder() {
	if [ "$(id -u)" != 0 ]; then
		echo "$link.data"
		return
	fi
	mkdir -p "$link.data"
	chown postgres: "$link.data"
	if as_owner test -w "$link.data"; then
		echo "$link.data"
		return
	fi
	rmdir "$link.data"
	for dir in /var/tmp /tmp; do
		if as_owner test -w $dir; then
			as_owner mktemp -d $dir/deskbridge-postgres.XXXXXX
			return
		fi
	done
	die "user postgres can write neither to $base nor to /var/tmp nor to /tmp"
}

running() {
	[ -f "$link" ] && data=$(cat "$link") && [ -f "$data/cluster/PG_VERSION" ] && bin=$(bindir) &&
		as_owner "$bin/pg_ctl" status -D "$data/cluster" >/dev/null 2>&1
}

url() {
	echo "postgres://postgres:$(cat "$data/cluster/deskbridge.password")@127.0.0.1:$(cat "$data/cluster/deskbridge.port")/postgres?sslmode=disable"
}

start() {
	if running; then
		url
		return
	fi
	bin=$(bindir) || {
		install
		bin=$(bindir)
	}
	if [ -f "$link" ] && data=$(cat "$link") && as_owner test -f "$data/cluster/deskbridge.port"; then
		: # it was stopped by a reboot: start it again
	else
		data=$(folder)
		[ "$(id -u)" = 0 ] || mkdir -p "$data"
		as_owner rm -rf "$data/cluster"
		# A password, because others on this machine can reach 127.0.0.1 too.
		password=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
		as_owner sh -c 'umask 077 && printf %s "$1" >"$2"' sh "$password" "$data/password"
		as_owner "$bin/initdb" -D "$data/cluster" -U postgres -A scram-sha-256 --pwfile="$data/password" -E UTF8 --locale=C \
			>"$base/postgres.log" 2>&1 || die "initdb failed; see $base/postgres.log"
		as_owner mv "$data/password" "$data/cluster/deskbridge.password"
		echo "$data" >"$link"
	fi
	port=${DESKBRIDGE_TEST_PORT:-$(free_port)}
	as_owner sh -c 'echo "$1" >"$2"' sh "$port" "$data/cluster/deskbridge.port"
	# What differs from the defaults: nothing but loopback, no socket files, room
	# for test binaries that run side by side, and nothing is forced to the disk:
	# tests kill programs, and never the machine. With it most of the time of a
	# test goes into the checkpoint that dropping its database waits for.
	local durability='-c fsync=off -c full_page_writes=off'
	[ -z "${DESKBRIDGE_TEST_DURABLE:-}" ] || durability= # benchmarks wait for the disk, as in production
	as_owner "$bin/pg_ctl" start -w -t 60 -D "$data/cluster" -l "$data/cluster/server.log" \
		-o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c max_connections=200 $durability" >"$base/postgres.log" 2>&1 ||
		die "PostgreSQL did not start; see $data/cluster/server.log"
	url
}

stop() {
	if running; then
		as_owner "$bin/pg_ctl" stop -w -m fast -D "$data/cluster" >/dev/null
	fi
	if [ -f "$link" ]; then
		data=$(cat "$link")
		as_owner rm -rf "$data/cluster"
		rmdir "$data" 2>/dev/null || true
		rm -f "$link" "$base/postgres.log"
	fi
}

case ${1:-} in
start) start ;;
stop) stop ;;
url)
	running || die "not running; start it with test/postgres.sh start"
	url
	;;
*)
	echo "usage: test/postgres.sh start|stop|url" >&2
	exit 2
	;;
esac
