# shellcheck shell=bash
# What the scripts have in common that run a real help desk for tests. Each is
# one kind of desk: it sources this file, sets
#
#   kind        its own name, and that of the connector
#   folder      the folder of its data
#   packages    the Debian packages that it needs
#   first_port  the first port to try; a busy one is passed over
#
# defines the functions
#
#   fill              fill an empty $dir with a new instance
#   serve PORT        become the server, by way of become: it runs in a subshell
#   answers PORT      succeed once the server does
#   environment PORT  print what tests need, for a shell
#
# and calls `main "$@"`. Then, for each kind:
#
#   test/KIND.sh start   install what is missing, make the instance, run it, print its environment
#   test/KIND.sh stop    end the server; the data stays for the next start
#   test/KIND.sh env     print the environment of the running server
#   test/KIND.sh reset   stop, throw the data away, start afresh
#
# The instance lives in ${DESKBRIDGE_TEST_DIR:-.test}/FOLDER and listens on
# 127.0.0.1 only. Standard output carries the environment and nothing else;
# progress and mistakes go to standard error. Exit 0: done; 1: failed; 2: misuse.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s: %s\n' "$kind" "$*" >&2; }
fail() { say "$@"; exit 1; }

# fail_with shows the end of a log, too.
fail_with() {
	tail -n 20 "$dir/log/$1.log" >&2
	fail "$2"
}

# The instance runs as www-data when root calls us, as Debian's would. Anybody
# else runs it as themselves.
runs_as=$(id -un)
[ "$(id -u)" -ne 0 ] || runs_as=www-data

# own gives files to the user that the instance runs as.
own() { [ "$(id -u)" -ne 0 ] || chown -R "$runs_as:" "$@"; }

# become turns into a command that runs as that user: call it in a subshell.
# With own_session set it leads a session.
become() {
	local run=("$@")
	[ "$(id -u)" -ne 0 ] || run=(runuser -u "$runs_as" -- "${run[@]}")
	exec ${own_session:+setsid} "${run[@]}"
}

installed() {
	local p
	for p in "${packages[@]}"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || return 1
	done
}

install_packages() {
	installed && return
	if [ ! -e /etc/debian_version ] || [ "$(id -u)" -ne 0 ]; then
		fail "needs these Debian packages; as root: apt-get install --no-install-recommends ${packages[*]}"
	fi
	say "installing Debian packages (about a minute)"
	local log policy=/usr/sbin/policy-rc.d ours=no
	log=$(mktemp)
	(
		flock 9 # one script of ours at a time, so that none removes the policy under another
		if [ ! -e "$policy" ]; then
			ours=yes # dpkg asks this file before it starts a daemon: 101 is "do not"
			printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
		fi
		trap '[ "$ours" = no ] || rm -f "$policy"' EXIT
		export DEBIAN_FRONTEND=noninteractive
		for try in 1 2 3 4 5; do
			apt-get update -qq &&
				apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}" && exit 0
			say "apt-get failed (try $try of 5)"
			sleep $((try * 3))
		done
		exit 1
	) 9>/var/lock/deskbridge-test-apt.lock >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "packages could not be installed"; }
	rm -f "$log"
}

# choose_dir sets dir. The instance's user must be able to enter it; where a
# checkout sits below a closed home directory, it moves to /var/tmp.
choose_dir() {
	local base=${DESKBRIDGE_TEST_DIR:-$root/.test}
	mkdir -p "$base"
	base=$(cd "$base" && pwd -P)
	if [ "$(id -u)" -eq 0 ] && id "$runs_as" >/dev/null 2>&1 && ! runuser -u "$runs_as" -- test -x "$base"; then
		base=/var/tmp/deskbridge-test-$(printf '%s' "$base" | cksum | cut -d' ' -f1)
		mkdir -p "$base" && chmod 755 "$base"
		[ -O "$base" ] && [ ! -L "$base" ] || fail "$base belongs to somebody else"
	fi
	dir=$base/$folder
	exec 8>"$base/$folder.lock"
	flock 8 # the next command waits for this one; the server closes its copy
}

running() {
	local pid
	pid=$(cat "$dir/pid" 2>/dev/null) && [ -n "$pid" ] && [ "$(session "$pid")" = "$pid" ]
}

# session prints the session of a process, as proc(5) has it: a bare Debian has
# no ps.
session() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 4; }

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port prints a free port, the first from first_port on, or from another one.
free_port() {
	local p from=${1:-$first_port}
	for ((p = from; p < from + 50; p++)); do
		port_taken "$p" || { echo "$p"; return; }
	done
	fail "no free port from $from on"
}

# make_data fills an empty directory. The marker file is written last: what an
# interrupted run leaves behind is thrown away by the next.
make_data() {
	[ ! -e "$dir/made" ] || return 0
	rm -rf "${dir:?}"
	mkdir -p "$dir/log"
	fill
	touch "$dir/made"
}

run_server() {
	running && return
	local port i
	port=$(free_port)
	printf '%s' "$port" >"$dir/port"
	say "starting the server on 127.0.0.1:$port"
	(own_session=yes; serve "$port") >"$dir/log/server.log" 2>&1 </dev/null 8>&- &
	printf '%s' "$!" >"$dir/pid" # setsid and runuser exec: the server keeps this id and leads its own session
	for ((i = 0; i < 480; i++)); do
		answers "$port" >/dev/null 2>&1 && return
		sleep 0.25
		((i < 8)) || running || break
	done
	fail_with server "the server does not answer"
}

stop_server() {
	running || { rm -f "$dir/pid"; return 0; }
	local pid i
	pid=$(cat "$dir/pid")
	kill -TERM -- "-$pid"
	for ((i = 0; i < 40; i++)); do
		running || break
		sleep 0.25
	done
	! running || kill -KILL -- "-$pid"
	rm -f "$dir/pid"
}

print_env() {
	running || fail "not running; use: test/$kind.sh start"
	(umask 077 && environment "$(cat "$dir/port")" >"$dir/env")
	cat "$dir/env"
}

main() {
	[ $# -eq 1 ] || set -- help
	case $1 in
	start)
		install_packages
		choose_dir
		make_data
		run_server
		print_env
		;;
	stop)
		choose_dir
		stop_server
		;;
	env)
		choose_dir
		print_env
		;;
	reset)
		install_packages
		choose_dir
		stop_server
		rm -rf "${dir:?}"
		make_data
		run_server
		print_env
		;;
	*)
		say "usage: test/$kind.sh start|stop|env|reset"
		exit 2
		;;
	esac
}
