#!/usr/bin/env bash
# A real Redmine 5 for the tests of desk/redmine.
#
#   test/redmine.sh start|stop|env|reset   see test/desk.sh
#
# For a shell:  eval "$(test/redmine.sh start)"
#
# It keeps its data on SQLite and sends no mail. Debian's own instance under
# /etc/redmine is neither read nor changed.
set -euo pipefail

readonly app=/usr/share/redmine
readonly kind=redmine folder=redmine first_port=${DESKBRIDGE_TEST_REDMINE_PORT:-18188}
readonly packages=(redmine redmine-sqlite puma dbconfig-no-thanks curl ca-certificates)
# shellcheck source=test/desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"

# in_redmine turns into a command of Redmine's, with our instance in place of
# Debian's: call it in a subshell. Redmine looks for an instance below
# $app/instances: enough steps up lead to the root of the file system, whether
# the links on the way are followed or not.
in_redmine() {
	cd "$app" && become env RAILS_ENV=production REDMINE_LANG=en LC_ALL=C.UTF-8 "HOME=$dir" \
		"REDMINE_INSTANCE=../../../..$dir" "BUNDLE_GEMFILE=$dir/Gemfile" "SCHEMA=$dir/schema.rb" "$@"
}

write_config() {
	mkdir -p "$dir/config" "$dir/tmp/cache" "$dir/files" "$dir/db"
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
	own "$dir"
	chmod 750 "$dir"
}

fill() {
	write_config
	say "making the database (half a minute)"
	(in_redmine bundle exec rake db:migrate) >"$dir/log/database.log" 2>&1 ||
		fail_with database "the database could not be made"
	say "making the service account, projects and groups"
	(umask 077 && people >"$dir/people.rb" && : >"$dir/key")
	own "$dir/people.rb"
	(in_redmine bundle exec bin/rails runner "$dir/people.rb") >"$dir/key" 2>>"$dir/log/database.log" && [ -s "$dir/key" ] ||
		fail_with database "the service account could not be made"
}

# people prints the program that does what docs/desks/redmine.md tells an
# administrator to click, and prints the service account's key.
people() {
	cat <<'RUBY'
ActiveRecord::Base.connection.execute("PRAGMA journal_mode = WAL") # waits for the disk once a commit; the file remembers it
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

# One thread: who waits for a lock of SQLite's keeps Ruby from running the thread
# that holds it.
serve() { in_redmine bundle exec puma -e production -b "tcp://127.0.0.1:$1" -t 1:1 config.ru; }

answers() {
	curl -fsS --max-time 20 -H "X-Redmine-API-Key: $(cat "$dir/key")" "http://127.0.0.1:$1/users/current.json"
}

environment() {
	cat <<-ENV
		export DESKBRIDGE_TEST_REDMINE_URL=http://127.0.0.1:$1
		export DESKBRIDGE_TEST_REDMINE_KEY=$(cat "$dir/key")
	ENV
}

main "$@"
