#!/usr/bin/env bash
# A real Redmine 5 for the tests of desk/redmine.
#
#   test/redmine.sh start   install what is missing, make the instance, run it, print its environment
#   test/redmine.sh stop    end the server; the data stays for the next start
#   test/redmine.sh env     print the environment of the running server
#   test/redmine.sh reset   stop, throw the data away, start afresh
#
# For a shell:  eval "$(test/redmine.sh start)"
#
# The instance lives in ${DESKBRIDGE_TEST_DIR:-.test}/redmine on SQLite and
# listens on 127.0.0.1 only. It sends no mail. DESKBRIDGE_TEST_REDMINE_PORT
# chooses the first port to try; a busy one is passed over. Debian's own instance
# under /etc/redmine is neither read nor changed.
#
# Standard output carries the environment and nothing else; progress and
# mistakes go to standard error. Exit 0: done; 1: failed; 2: misuse.
set -euo pipefail

readonly app=/usr/share/redmine
readonly packages=(redmine redmine-sqlite puma dbconfig-no-thanks curl ca-certificates)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'redmine: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# The instance runs as www-data when root calls us, as Debian's would. Anybody
# else runs it as themselves.
runs_as=$(id -un)
[ "$(id -u)" -ne 0 ] || runs_as=www-data

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

# choose_dir sets dir. Redmine's user must be able to enter it; where a checkout
# sits below a closed home directory, it moves to /var/tmp.
choose_dir() {
	local base=${DESKBRIDGE_TEST_DIR:-$root/.test}
	mkdir -p "$base"
	base=$(cd "$base" && pwd -P)
	if [ "$(id -u)" -eq 0 ] && id "$runs_as" >/dev/null 2>&1 && ! runuser -u "$runs_as" -- test -x "$base"; then
		base=/var/tmp/deskbridge-test-$(printf '%s' "$base" | cksum | cut -d' ' -f1)
		mkdir -p "$base" && chmod 755 "$base"
		[ -O "$base" ] && [ ! -L "$base" ] || fail "$base belongs to somebody else"
	fi
	dir=$base/redmine
	exec 8>"$base/redmine.lock"
	flock 8 # the next command waits for this one; the server closes its copy
}

# in_redmine turns into a command of Redmine's, with our instance in place of
# Debian's: call it in a subshell. With own_session set it leads a session.
# Redmine looks for an instance below $app/instances: enough steps up lead to the
# root of the file system, whether the links on the way are followed or not.
in_redmine() {
	local run=(env RAILS_ENV=production REDMINE_LANG=en LC_ALL=C.UTF-8 "HOME=$dir"
		"REDMINE_INSTANCE=../../../..$dir" "BUNDLE_GEMFILE=$dir/Gemfile" "SCHEMA=$dir/schema.rb" "$@")
	[ "$(id -u)" -ne 0 ] || run=(runuser -u "$runs_as" -- "${run[@]}")
	cd "$app" && exec ${own_session:+setsid} "${run[@]}"
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
	local first=${DESKBRIDGE_TEST_REDMINE_PORT:-18188} p
	for ((p = first; p < first + 50; p++)); do
		port_taken "$p" || { echo "$p"; return; }
	done
	fail "no free port from $first on"
}

write_config() {
	mkdir -p "$dir/config" "$dir/log" "$dir/tmp/cache" "$dir/files" "$dir/db"
	# Redmine's own Gemfile leaves the web server to others, and names the
	# database by what it finds in Debian's instances.
	cat >"$dir/Gemfile" <<-GEMFILE
		eval_gemfile '$app/Gemfile'
		gem 'puma'
		gem 'sqlite3', '~> 1.4.0', :platforms => [:mri, :mingw, :x64_mingw]
	GEMFILE
	cat >"$dir/config/database.yml" <<-DATABASE
		production:
		  adapter: sqlite3
		  database: $dir/db/redmine.sqlite3
		  timeout: 10000
	DATABASE
	(umask 077 && head -c 48 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$dir/config/secret_key.txt")
	[ "$(id -u)" -ne 0 ] || chown -R "$runs_as:" "$dir"
	chmod 750 "$dir"
}

# make_data fills an empty directory. The mark is written last: what an
# interrupted run leaves behind is thrown away by the next.
make_data() {
	[ ! -e "$dir/made" ] || return 0
	rm -rf "${dir:?}"
	mkdir -p "$dir"
	write_config
	say "making the database (half a minute)"
	(in_redmine bundle exec rake db:migrate) >"$dir/log/database.log" 2>&1 ||
		{ tail -n 20 "$dir/log/database.log" >&2; fail "the database could not be made"; }
	say "making the service account, projects and groups"
	(umask 077 && people >"$dir/people.rb" && : >"$dir/key")
	[ "$(id -u)" -ne 0 ] || chown "$runs_as" "$dir/people.rb"
	(in_redmine bundle exec bin/rails runner "$dir/people.rb") >"$dir/key" 2>>"$dir/log/database.log" && [ -s "$dir/key" ] ||
		{ tail -n 20 "$dir/log/database.log" >&2; fail "the service account could not be made"; }
	touch "$dir/made"
}

# people prints the program that does what docs/desks/redmine.md tells an
# administrator to click, and prints the service account's key.
people() {
	cat <<'RUBY'
Redmine::DefaultData::Loader.load("en")
Setting.rest_api_enabled = "1"
Setting.issue_group_assignment = "1"
Setting.self_registration = "0"
Setting.default_language = "en"

UserCustomField.create!(:name => "SCIM external id", :field_format => "string", :editable => false)

# Groups that open projects do so with a role of their own: see the page on
# Redmine in docs/desks.
team = Role.create!(:name => "Team", :assignable => true, :permissions => [:view_issues, :add_issue_notes])
%w[Support Billing].each do |name|
  project = Project.create!(:name => name, :identifier => name.downcase, :is_public => false,
                            :trackers => Tracker.all.to_a, :enabled_module_names => ["issue_tracking"])
  group = Group.create!(:lastname => "#{name} Agents")
  Member.create!(:project => project, :principal => group, :roles => [team])
end
Group.create!(:lastname => "Desk Readers")

bridge = User.new(:login => "deskbridge", :firstname => "Deskbridge", :lastname => "Service",
                  :mail => "bridge@desk.example.test", :language => "en")
bridge.admin = true
bridge.password = bridge.password_confirmation = SecureRandom.hex(20)
bridge.save!
print bridge.api_key
RUBY
}

run_server() {
	running && return
	local port i
	port=$(free_port)
	printf '%s' "$port" >"$dir/port"
	say "starting the server on 127.0.0.1:$port"
	# One thread: who waits for a lock of SQLite's keeps Ruby from running the
	# thread that holds it.
	(own_session=yes in_redmine bundle exec puma -e production -b "tcp://127.0.0.1:$port" -t 1:1 config.ru) \
		>"$dir/log/server.log" 2>&1 </dev/null 8>&- &
	printf '%s' "$!" >"$dir/pid" # setsid execs: this id leads the server's session
	for ((i = 0; i < 480; i++)); do
		if curl -fsS -o /dev/null --max-time 20 -H "X-Redmine-API-Key: $(cat "$dir/key")" \
			"http://127.0.0.1:$port/users/current.json" 2>/dev/null; then
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
	running || fail "not running; use: test/redmine.sh start"
	(umask 077 && cat >"$dir/env" <<-ENV
		export DESKBRIDGE_TEST_REDMINE_URL=http://127.0.0.1:$(cat "$dir/port")
		export DESKBRIDGE_TEST_REDMINE_KEY=$(cat "$dir/key")
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
	say "usage: test/redmine.sh start|stop|env|reset"
	exit 2
	;;
esac
