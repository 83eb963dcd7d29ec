#!/usr/bin/env bash
# A real Libredesk for the tests of desk/libredesk.
#
#   test/libredesk.sh start|stop|env|reset   see test/desk.sh
#
# For a shell:  eval "$(test/libredesk.sh start)"
#
# No distribution packages it: it is built from the Go module proxy, which takes
# a minute the first time. The program is kept beside the instance; the data is
# not: each start has a database of its own, on the PostgreSQL of
# test/postgres.sh, which is started when it does not run, and is left running.
# Redis is a process of its own, with a password, and keeps nothing. Conversations
# are made in the database: Libredesk takes a tenth of a second for each.
set -euo pipefail

readonly version=v1.0.3 module=github.com/abhinavxd/libredesk
readonly kind=libredesk folder=libredesk first_port=${DESKBRIDGE_TEST_LIBREDESK_PORT:-18488}
readonly packages=(redis-server curl ca-certificates)
# shellcheck source=test/desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"

# make_data makes the instance anew unless it answers: its database may be gone.
make_data() {
	! running || ! answers "$(cat "$dir/port")" >/dev/null 2>&1 || return 0
	stop_server
	rm -rf "${dir:?}"
	mkdir -p "$dir/log"
	fill
}

# build makes $program, once for each version. The web pages are left out: they
# need another tool chain, and the API does without.
build() {
	program=$(dirname "$dir")/libredesk-$version
	[ ! -x "$program" ] || return 0
	command -v go >/dev/null || fail "Go is missing, and Libredesk is built with it; install Go 1.26 or newer from https://go.dev/dl/"
	say "building Libredesk $version (a minute)"
	local source parts=$dir/build
	mkdir -p "$parts/frontend/dist"
	(cd "$parts" && GOWORK=off GOFLAGS='' go mod download -json "$module@$version") >"$dir/log/build.log" 2>&1 ||
		fail_with build "the Go module proxy does not hand out $module@$version"
	source=$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' "$dir/log/build.log")
	(
		export GOWORK=off GOFLAGS='-mod=readonly -trimpath' CGO_ENABLED=0
		go build -C "$source" -ldflags "-s -w -X main.versionString=$version" -o "$parts/plain" ./cmd &&
			go build -C "$source" -o "$parts/stuffbin" github.com/knadh/stuffbin/stuffbin &&
			cp -R "$source/i18n" "$source/static" "$source/schema.sql" "$parts" && chmod -R u+w "$parts" &&
			cd "$parts" && ./stuffbin -a stuff -in plain -out stuffed frontend/dist i18n schema.sql static
	) >>"$dir/log/build.log" 2>&1 || fail_with build "Libredesk could not be built"
	chmod 755 "$parts/stuffed"
	mv "$parts/stuffed" "$program" # last, and at once: what an interrupted build leaves is no program
	rm -rf "$parts"
}

# sql runs SQL from standard input in a database.
sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$(sed "s|/postgres?|/$1?|" <<<"$postgres")"; }

word() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# find_postgres sets postgres to the URL of a running server.
find_postgres() {
	postgres=$("$root/test/postgres.sh" start 8>&-) || fail "there is no PostgreSQL to keep the data on; see test/postgres.sh"
	command -v psql >/dev/null || fail "psql is missing; install a PostgreSQL client (Debian, Ubuntu: apt-get install postgresql-client)"
}

fill() {
	build
	find_postgres
	local user password host port
	IFS=' ' read -r user password host port <<<"$(sed -n 's|^postgres://\([^:]*\):\([^@]*\)@\([^:]*\):\([0-9]*\)/.*|\1 \2 \3 \4|p' <<<"$postgres")"
	(
		umask 077
		word >"$dir/redis.password"
		printf 'Aa1!%s' "$(word)" >"$dir/admin"
		printf '%s:%s' "$(word)" "$(word)" >"$dir/key"
		write_config "$user" "$password" "$host" "$port" >"$dir/config.toml"
	)
	own "$dir"
	say "making the database"
	{
		sql postgres <<<"DROP DATABASE IF EXISTS libredesk WITH (FORCE)"
		sql postgres <<<"CREATE DATABASE libredesk"
		export LIBREDESK_SYSTEM_USER_PASSWORD
		LIBREDESK_SYSTEM_USER_PASSWORD=$(cat "$dir/admin")
		(become "$program" --config "$dir/config.toml" --install --idempotent-install --yes)
		(become "$program" --config "$dir/config.toml" --upgrade --yes)
		people | sql libredesk
		(umask 077 && sed 's|/postgres?|/libredesk?|' <<<"$postgres" >"$dir/database")
	} >"$dir/log/database.log" 2>&1 || fail_with database "the database could not be made"
}

write_config() {
	cat <<-CONFIG
		[app]
		log_level = "warn"
		env = "prod"
		check_updates = false
		encryption_key = "$(word | head -c 32)"
		[app.server]
		address = "127.0.0.1:PORT"
		disable_secure_cookies = true
		read_timeout = "5s"
		write_timeout = "5s"
		max_body_size = 1048576
		read_buffer_size = 65536
		keepalive_timeout = "10s"
		[upload]
		provider = "fs"
		[upload.fs]
		upload_path = "$dir"
		[db]
		host = "$3"
		port = $4
		user = "$1"
		password = "$2"
		database = "libredesk"
		ssl_mode = "disable"
		max_open = 20
		max_idle = 20
		max_lifetime = "300s"
		[redis]
		address = "127.0.0.1:REDIS"
		password = "$(cat "$dir/redis.password")"
		db = 0
		[message]
		outgoing_queue_workers = 1
		incoming_queue_workers = 1
		message_outgoing_scan_interval = "1h"
		incoming_queue_size = 100
		outgoing_queue_size = 100
		[notification]
		concurrency = 1
		queue_size = 1000
		[automation]
		worker_count = 1
		[autoassigner]
		autoassign_interval = "1h"
		[webhook]
		workers = 1
		queue_size = 1000
		timeout = "1s"
		[conversation]
		unsnooze_interval = "1h"
		draft_retention_period = "48h"
		[sla]
		evaluation_interval = "1h"
	CONFIG
}

# people prints SQL that does what docs/desks/libredesk.md tells an administrator
# to click. The secret of the API key is kept as Libredesk keeps it, by bcrypt,
# with as little work as bcrypt allows: Libredesk does that work at each request.
people() {
	local key secret
	IFS=: read -r key secret <"$dir/key" || true # without a line break at the end
	cat <<-SQL
		CREATE EXTENSION IF NOT EXISTS pgcrypto;
		UPDATE settings SET value = '"127.0.0.1"' WHERE key = 'notification.email.host';
		DELETE FROM templates WHERE name = 'Conversation assigned'; -- it mails that also when it is told to send no mail
		INSERT INTO roles (name, description, permissions) VALUES
			('Deskbridge', '', '{users:manage,conversations:read,conversations:read_all,conversations:update_user_assignee,conversations:update_team_assignee}'),
			('Team Agent', '', '{conversations:read,conversations:read_team_all,conversations:update_status,messages:read,messages:write}'),
			('Reader', '', '{conversations:read,conversations:read_team_all,messages:read}'),
			('Shift Lead', '', '{conversations:update_tags}'),
			('Office', '', '{users:manage}');
		INSERT INTO teams (name, conversation_assignment_type, timezone) VALUES
			('Support Agents', 'Manual', 'UTC'), ('Billing Agents', 'Manual', 'UTC');
		INSERT INTO inboxes (name, channel, "from", config) VALUES ('Support', 'email', 'Support <support@desk.example.test>',
			'{"imap": [], "smtp": [], "from": "Support <support@desk.example.test>", "auth_type": "password"}');
		WITH customer AS (INSERT INTO users (email, type, first_name, last_name) VALUES ('customer@example.test', 'contact', 'Some', 'Customer') RETURNING id)
		INSERT INTO contact_channels (contact_id, inbox_id, identifier) SELECT id, 1, 'customer@example.test' FROM customer;
		WITH bridge AS (INSERT INTO users (email, type, first_name, last_name, api_key, api_secret)
			VALUES ('bridge@desk.example.test', 'agent', 'Deskbridge', 'Service', '$key', crypt('$secret', gen_salt('bf', 4))) RETURNING id)
		INSERT INTO user_roles (user_id, role_id) SELECT bridge.id, roles.id FROM bridge, roles WHERE name = 'Deskbridge';
	SQL
}

serve() {
	local redis_port
	redis_port=$(free_port $(($1 + 1)))
	sed "s/127.0.0.1:PORT/127.0.0.1:$1/; s/127.0.0.1:REDIS/127.0.0.1:$redis_port/" "$dir/config.toml" >"$dir/run.toml"
	printf 'bind 127.0.0.1\nport %s\nrequirepass %s\nsave ""\nappendonly no\ndir %s\n' "$redis_port" "$(cat "$dir/redis.password")" "$dir" >"$dir/redis.conf"
	chmod 600 "$dir/run.toml" "$dir/redis.conf"
	own "$dir"
	# Redis ends when Libredesk does, however that comes about.
	# shellcheck disable=SC2016 # the new shell expands it
	become bash -c '
		cd "$1" || exit
		redis-server "$1/redis.conf" >"$1/log/redis.log" 2>&1 &
		trap "kill $!" EXIT; trap : TERM # which waits for Libredesk to end
		for ((i = 0; i < 100; i++)); do (exec 3<>"/dev/tcp/127.0.0.1/$3") 2>/dev/null && break; sleep 0.05; done
		"$2" --config "$1/run.toml"' bash "$dir" "$program" "$redis_port"
}

answers() {
	curl -fsS --max-time 20 -H "Authorization: token $(cat "$dir/key")" "http://127.0.0.1:$1/api/v1/agents/me"
}

environment() {
	cat <<-ENV
		export DESKBRIDGE_TEST_LIBREDESK_URL=http://127.0.0.1:$1
		export DESKBRIDGE_TEST_LIBREDESK_KEY=$(cat "$dir/key")
		export DESKBRIDGE_TEST_LIBREDESK_ADMIN='$(cat "$dir/admin")'
		export DESKBRIDGE_TEST_LIBREDESK_DATABASE='$(cat "$dir/database")'
	ENV
}

main "$@"
