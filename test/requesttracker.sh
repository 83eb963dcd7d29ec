#!/usr/bin/env bash
# A real Request Tracker 5 for the tests of desk/requesttracker.
#
#   test/requesttracker.sh start   install what is missing, make the instance, run it, print its environment
#   test/requesttracker.sh stop    end the server; the data stays for the next start
#   test/requesttracker.sh env     print the environment of the running server
#   test/requesttracker.sh reset   stop, throw the data away, start afresh
#
# For a shell:  eval "$(test/requesttracker.sh start)"
#
# The instance lives in ${DESKBRIDGE_TEST_DIR:-.test}/rt on SQLite and listens
# on 127.0.0.1 only. It sends no mail. DESKBRIDGE_TEST_RT_PORT chooses the first
# port to try; a busy one is passed over. Debian's own instance under
# /etc/request-tracker5 is neither read nor changed.
#
# Standard output carries the environment and nothing else; progress and
# mistakes go to standard error. Exit 0: done; 1: failed; 2: misuse.
set -euo pipefail

readonly lib=/usr/share/request-tracker5/lib
readonly packages=(request-tracker5 rt5-standalone rt5-db-sqlite dbconfig-no-thanks msmtp-mta starlet curl ca-certificates)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'requesttracker: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# The instance runs as www-data when root calls us, as Debian's would. Anybody
# else runs it as themselves.
runs_as=$(id -un)
[ "$(id -u)" -ne 0 ] || runs_as=www-data

as_rt() ( # a subshell: RT must not start in a directory that it cannot read
	run=(env "RT_SITE_CONFIG=$dir/RT_SiteConfig.pm" "RT_SITE_CONFIG_DIR=$dir/config.d" "$@")
	[ "$(id -u)" -ne 0 ] || run=(runuser -u "$runs_as" -- "${run[@]}")
	cd "$dir" && "${run[@]}"
)

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

# choose_dir sets dir. RT's user must be able to enter it; where a checkout sits
# below a closed home directory, it moves to /var/tmp.
choose_dir() {
	local base=${DESKBRIDGE_TEST_DIR:-$root/.test}
	mkdir -p "$base"
	base=$(cd "$base" && pwd)
	if [ "$(id -u)" -eq 0 ] && id "$runs_as" >/dev/null 2>&1 && ! runuser -u "$runs_as" -- test -x "$base"; then
		base=/var/tmp/deskbridge-test-$(printf '%s' "$base" | cksum | cut -d' ' -f1)
		mkdir -p "$base" && chmod 755 "$base"
		[ -O "$base" ] && [ ! -L "$base" ] || fail "$base belongs to somebody else"
	fi
	dir=$base/rt
	exec 8>"$base/rt.lock"
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

free_port() {
	local first=${DESKBRIDGE_TEST_RT_PORT:-18088} p
	for ((p = first; p < first + 50; p++)); do
		port_taken "$p" || { echo "$p"; return; }
	done
	fail "no free port from $first on"
}

write_config() {
	local port=$1
	mkdir -p "$dir/config.d" "$dir/log" "$dir/mason" "$dir/sessions"
	cat >"$dir/RT_SiteConfig.pm" <<-CONFIG
		use utf8;
		Set(\$rtname, 'desk.example.test');
		Set(\$Organization, 'desk.example.test');
		Set(\$WebDomain, '127.0.0.1');
		Set(\$WebPort, $port);
		Set(\$WebBaseURL, 'http://127.0.0.1:$port');
		Set(\$WebPath, '');
		Set(\$WebSecureCookies, 0);
		Set(\$DatabaseType, 'SQLite');
		Set(\$DatabaseName, '$dir/rt.sqlite3');
		Set(\$Timezone, 'UTC');
		Set(\$MailCommand, 'testfile');
		# RT hashes the token with bcrypt on every request: 0.2 s at its usual cost.
		Set(\$BcryptCost, 4);
		Set(\$LogToSyslog, undef);
		Set(\$LogToSTDERR, 'warning');
		# Caches of our own: those in /var belong to Debian's instance.
		\$RT::MasonDataDir = '$dir/mason';
		\$RT::MasonSessionDir = '$dir/sessions';
		1;
	CONFIG
	if [ "$(id -u)" -eq 0 ]; then chown -R "$runs_as:" "$dir"; fi
	chmod 750 "$dir"
}

# make_data fills an empty directory. The mark is written last: what an
# interrupted run leaves behind is thrown away by the next.
make_data() {
	[ ! -e "$dir/made" ] || return 0
	rm -rf "${dir:?}"
	mkdir -p "$dir"
	write_config 1 # the port is only known when the server starts
	say "making the database"
	(umask 077 && head -c 24 /dev/urandom | base64 | tr -d '+/=\n' >"$dir/root-password")
	[ "$(id -u)" -ne 0 ] || chown "$runs_as" "$dir/root-password"
	as_rt /usr/sbin/rt-setup-database-5 --action init --skip-create --root-password-file "$dir/root-password" \
		>"$dir/log/database.log" 2>&1 || { tail -n 20 "$dir/log/database.log" >&2; fail "the database could not be made"; }
	say "making the service account, queues and groups"
	(umask 077 && people >"$dir/people.pl" && : >"$dir/token")
	[ "$(id -u)" -ne 0 ] || chown "$runs_as" "$dir/people.pl"
	as_rt perl "-I$lib" "$dir/people.pl" >"$dir/token" 2>>"$dir/log/database.log" && [ -s "$dir/token" ] ||
		{ tail -n 20 "$dir/log/database.log" >&2; fail "the service account could not be made"; }
	touch "$dir/made"
}

# people prints the program that does what docs/desks/requesttracker.md tells
# an administrator to click.
people() {
	cat <<'PERL'
use strict;
use warnings;
use RT -init;

sub ok { my ($done, $why) = @_; die(($why // 'refused') . "\n") unless $done; return $done }
sub new { my $class = shift; return "RT::$class"->new(RT->SystemUser) }
sub grant { my ($who, $where, @rights) = @_; ok($who->PrincipalObj->GrantRight(Right => $_, Object => $where)) for @rights }

my $bridge = new('User');
ok($bridge->Create(Name => 'bridge', RealName => 'Deskbridge', EmailAddress => 'bridge@desk.example.test', Privileged => 1));
grant($bridge, RT->System, qw(AdminUsers AdminGroupMembership SeeGroup SeeCustomField ModifyCustomField
                              SeeQueue ShowTicket ModifyTicket ReassignTicket));

my $mark = new('CustomField');
ok($mark->Create(Name => 'SCIM external id', Type => 'FreeformSingle', LookupType => RT::User->CustomFieldLookupType));
ok($mark->AddToObject(new('User')));

for my $name (qw(Support Billing)) {
    my ($queue, $agents) = (new('Queue'), new('Group'));
    ok($queue->Create(Name => $name));
    ok($agents->CreateUserDefinedGroup(Name => "$name Agents", Description => "work the $name queue"));
    grant($agents, $queue, qw(SeeQueue ShowTicket CreateTicket ReplyToTicket CommentOnTicket OwnTicket TakeTicket ModifyTicket));
}
my $readers = new('Group');
ok($readers->CreateUserDefinedGroup(Name => 'Desk Readers', Description => 'read every queue'));
grant($readers, RT->System, qw(SeeQueue ShowTicket));

my $admins = new('Group');
ok($admins->CreateUserDefinedGroup(Name => 'Desk Admins', Description => 'may do everything'));
grant($admins, RT->System, 'SuperUser');

require RT::AuthToken;
my ($id, $why, $token) = new('AuthToken')->Create(Owner => $bridge->id, Description => 'Deskbridge');
ok($id, $why);
print $token;
PERL
}

run_server() {
	running && return
	local port i
	port=$(free_port)
	write_config "$port"
	printf '%s' "$port" >"$dir/port"
	say "starting the server on 127.0.0.1:$port"
	(
		cd "$dir"
		run=(env "RT_SITE_CONFIG=$dir/RT_SiteConfig.pm" "RT_SITE_CONFIG_DIR=$dir/config.d"
			/usr/share/request-tracker5/libexec/rt-server --server Starlet --host 127.0.0.1 --port "$port" --max-workers 3)
		[ "$(id -u)" -ne 0 ] || run=(runuser -u "$runs_as" -- "${run[@]}")
		exec setsid "${run[@]}" >"$dir/log/server.log" 2>&1 </dev/null 8>&-
	) &
	printf '%s' "$!" >"$dir/pid" # setsid and runuser exec: the server keeps this id and leads its own session
	for ((i = 0; i < 240; i++)); do
		if curl -fsS -o /dev/null --max-time 20 -H "Authorization: token $(cat "$dir/token")" \
			"http://127.0.0.1:$port/REST/2.0/rt" 2>/dev/null; then
			return
		fi
		sleep 0.25
		((i < 8)) || running || break
	done
	tail -n 20 "$dir/log/server.log" >&2
	fail "the server does not answer"
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
	running || fail "not running; use: test/requesttracker.sh start"
	local url
	url=http://127.0.0.1:$(cat "$dir/port")
	(umask 077 && cat >"$dir/env" <<-ENV
		export RT_URL=$url
		export RT_TOKEN=$(cat "$dir/token")
		export DESKBRIDGE_TEST_RT_URL=$url
		export DESKBRIDGE_TEST_RT_TOKEN=$(cat "$dir/token")
		export DESKBRIDGE_TEST_RT_ROOT_PASSWORD=$(cat "$dir/root-password")
	ENV
	)
	cat "$dir/env"
}

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
	say "usage: test/requesttracker.sh start|stop|env|reset"
	exit 2
	;;
esac
