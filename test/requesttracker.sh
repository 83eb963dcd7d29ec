#!/usr/bin/env bash
# A real Request Tracker 5 for the tests of desk/requesttracker.
#
#   test/requesttracker.sh start|stop|env|reset   see test/desk.sh
#
# For a shell:  eval "$(test/requesttracker.sh start)"
#
# It keeps its data on SQLite and sends no mail. Debian's own instance under
# /etc/request-tracker5 is neither read nor changed.
set -euo pipefail

readonly share=/usr/share/request-tracker5
readonly kind=requesttracker folder=rt first_port=${DESKBRIDGE_TEST_RT_PORT:-18088}
readonly packages=(request-tracker5 rt5-standalone rt5-db-sqlite dbconfig-no-thanks msmtp-mta starlet curl ca-certificates)
# shellcheck source=test/desk.sh
source "$(dirname "${BASH_SOURCE[0]}")/desk.sh"

# in_rt turns into a command with our instance in place of Debian's: call it in
# a subshell. RT must not start in a directory that it cannot read.
in_rt() {
	cd "$dir" && become env "RT_SITE_CONFIG=$dir/RT_SiteConfig.pm" "RT_SITE_CONFIG_DIR=$dir/config.d" "$@"
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
	own "$dir"
	chmod 750 "$dir"
}

fill() {
	write_config 1 # the port is only known when the server starts
	say "making the database"
	(umask 077 && head -c 24 /dev/urandom | base64 | tr -d '+/=\n' >"$dir/root-password")
	own "$dir/root-password"
	(in_rt /usr/sbin/rt-setup-database-5 --action init --skip-create --root-password-file "$dir/root-password") \
		>"$dir/log/database.log" 2>&1 || fail_with database "the database could not be made"
	say "making the service account, queues and groups"
	(umask 077 && people >"$dir/people.pl" && : >"$dir/token")
	own "$dir/people.pl"
	(in_rt perl "-I$share/lib" "$dir/people.pl") >"$dir/token" 2>>"$dir/log/database.log" && [ -s "$dir/token" ] ||
		fail_with database "the service account could not be made"
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

my $external_id = new('CustomField');
ok($external_id->Create(Name => 'SCIM external id', Type => 'FreeformSingle', LookupType => RT::User->CustomFieldLookupType));
ok($external_id->AddToObject(new('User')));

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

serve() {
	write_config "$1"
	in_rt "$share/libexec/rt-server" --server Starlet --host 127.0.0.1 --port "$1" --max-workers 3
}

answers() {
	curl -fsS --max-time 20 -H "Authorization: token $(cat "$dir/token")" "http://127.0.0.1:$1/REST/2.0/rt"
}

environment() {
	local url=http://127.0.0.1:$1
	cat <<-ENV
		export RT_URL=$url
		export RT_TOKEN=$(cat "$dir/token")
		export DESKBRIDGE_TEST_RT_URL=$url
		export DESKBRIDGE_TEST_RT_DIR=$dir
		export DESKBRIDGE_TEST_RT_TOKEN=$(cat "$dir/token")
		export DESKBRIDGE_TEST_RT_ROOT_PASSWORD=$(cat "$dir/root-password")
	ENV
}

main "$@"
