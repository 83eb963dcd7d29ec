-- Times are microseconds since 1970-01-01 UTC; booleans are 0 and 1; JSON is
-- text with sorted keys.

-- +goose Up
CREATE TABLE connections (
	id          TEXT    PRIMARY KEY,
	name        TEXT    NOT NULL,
	idp         TEXT    NOT NULL,
	domains     TEXT    NOT NULL,
	sign_in     TEXT    NOT NULL, -- sealed; '' when there is nothing to seal
	held_at     INTEGER,
	released_at INTEGER,
	created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX connections_name ON connections (name);

CREATE TABLE tokens (
	id            TEXT    PRIMARY KEY,
	connection_id TEXT    NOT NULL REFERENCES connections (id),
	name          TEXT    NOT NULL,
	hash          BLOB    NOT NULL,
	created_at    INTEGER NOT NULL,
	expires_at    INTEGER,
	revoked_at    INTEGER,
	last_used_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (connection_id, name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);

CREATE TABLE identities (
	id                  TEXT    PRIMARY KEY,
	connection_id       TEXT    NOT NULL REFERENCES connections (id),
	user_name           TEXT    NOT NULL,
	user_name_folded    TEXT    NOT NULL,
	external_id         TEXT    NOT NULL, -- '' when absent
	display_name        TEXT    NOT NULL, -- '' when absent
	display_name_folded TEXT    NOT NULL,
	status              TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
	profile             TEXT    NOT NULL,
	emails              TEXT    NOT NULL,
	attributes          TEXT    NOT NULL,
	document            TEXT, -- NULL for people the protocol edge has never described
	version             INTEGER NOT NULL,
	created_at          INTEGER NOT NULL,
	updated_at          INTEGER NOT NULL
) STRICT;
-- Names of removed people are free.
CREATE UNIQUE INDEX identities_user_name ON identities (connection_id, user_name_folded) WHERE status <> 'removed';
CREATE UNIQUE INDEX identities_external_id ON identities (connection_id, external_id) WHERE external_id <> '' AND status <> 'removed';
CREATE INDEX identities_list ON identities (connection_id, id) WHERE status <> 'removed';
CREATE INDEX identities_display_name ON identities (connection_id, display_name_folded, id) WHERE status <> 'removed';
CREATE INDEX identities_status ON identities (connection_id, status, id);
CREATE INDEX identities_updated ON identities (connection_id, updated_at, id) WHERE status <> 'removed';
-- Removed people too, of any connection: tombstones and the search for a person.
CREATE INDEX identities_any_user_name ON identities (user_name_folded, connection_id);
CREATE INDEX identities_any_external_id ON identities (external_id, connection_id) WHERE external_id <> '';

CREATE TABLE identity_emails (
	identity_id   TEXT    NOT NULL REFERENCES identities (id),
	position      INTEGER NOT NULL,
	connection_id TEXT    NOT NULL,
	value         TEXT    NOT NULL,
	value_folded  TEXT    NOT NULL,
	type          TEXT    NOT NULL, -- '' when absent
	is_primary    INTEGER NOT NULL,
	PRIMARY KEY (identity_id, position)
) STRICT;
CREATE INDEX identity_emails_value ON identity_emails (value_folded, connection_id);

CREATE TABLE identity_marks (
	connection_id TEXT NOT NULL REFERENCES connections (id),
	identity_id   TEXT NOT NULL,
	PRIMARY KEY (connection_id, identity_id)
) STRICT;

CREATE TABLE groups (
	id                  TEXT    PRIMARY KEY,
	connection_id       TEXT    NOT NULL REFERENCES connections (id),
	display_name        TEXT    NOT NULL,
	display_name_folded TEXT    NOT NULL,
	external_id         TEXT    NOT NULL, -- '' when absent
	document            TEXT,
	version             INTEGER NOT NULL,
	created_at          INTEGER NOT NULL,
	updated_at          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX groups_display_name ON groups (connection_id, display_name_folded);
CREATE UNIQUE INDEX groups_external_id ON groups (connection_id, external_id) WHERE external_id <> '';
CREATE INDEX groups_list ON groups (connection_id, id);
CREATE INDEX groups_updated ON groups (connection_id, updated_at, id);

CREATE TABLE members (
	id            INTEGER PRIMARY KEY AUTOINCREMENT, -- order of adding
	connection_id TEXT    NOT NULL,
	group_id      TEXT    NOT NULL REFERENCES groups (id),
	member_id     TEXT    NOT NULL, -- of an identity or a group
	kind          TEXT    NOT NULL CHECK (kind IN ('identity', 'group'))
) STRICT;
CREATE UNIQUE INDEX members_member ON members (group_id, member_id);
CREATE INDEX members_groups ON members (member_id, group_id);
CREATE INDEX members_order ON members (group_id, id);

CREATE TABLE desks (
	id         TEXT    PRIMARY KEY,
	name       TEXT    NOT NULL,
	kind       TEXT    NOT NULL,
	url        TEXT    NOT NULL,
	secret     TEXT    NOT NULL, -- sealed; '' when there is none
	settings   TEXT    NOT NULL,
	on_leave   TEXT    NOT NULL,
	hand_over  TEXT    NOT NULL,
	seats      INTEGER NOT NULL,
	adoption   TEXT    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX desks_name ON desks (name);

CREATE TABLE rules (
	id            TEXT PRIMARY KEY,
	connection_id TEXT NOT NULL REFERENCES connections (id),
	desk_id       TEXT NOT NULL REFERENCES desks (id),
	group_name    TEXT NOT NULL,
	group_id      TEXT NOT NULL, -- '' until the name is bound; may outlive the group
	attribute     TEXT NOT NULL,
	equals        TEXT NOT NULL,
	role          TEXT NOT NULL,
	teams         TEXT NOT NULL,
	mailboxes     TEXT NOT NULL
) STRICT;
CREATE INDEX rules_connection ON rules (connection_id, id);

CREATE TABLE accounts (
	id            TEXT    PRIMARY KEY,
	identity_id   TEXT    NOT NULL REFERENCES identities (id),
	connection_id TEXT    NOT NULL REFERENCES connections (id),
	desk_id       TEXT    NOT NULL REFERENCES desks (id),
	desk_user     TEXT    NOT NULL, -- '' until found or made
	origin        TEXT    NOT NULL,
	wanted        TEXT    NOT NULL,
	profile       TEXT    NOT NULL,
	manager       TEXT    NOT NULL,
	revision      INTEGER NOT NULL,
	visited       INTEGER NOT NULL,
	granted       TEXT    NOT NULL,
	granted_at    INTEGER,
	state         TEXT    NOT NULL,
	reason        TEXT    NOT NULL,
	seat          INTEGER NOT NULL,
	ending_since  INTEGER,
	attempts      INTEGER NOT NULL,
	retry_at      INTEGER,
	lease_until   INTEGER,
	created_at    INTEGER NOT NULL,
	updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_identity ON accounts (identity_id, desk_id);
CREATE UNIQUE INDEX accounts_desk_user ON accounts (desk_id, desk_user) WHERE desk_user <> '';
CREATE INDEX accounts_desk ON accounts (desk_id, state, id);
CREATE INDEX accounts_connection ON accounts (connection_id, state, id);
CREATE INDEX accounts_due ON accounts (updated_at, id) WHERE visited < revision;
CREATE INDEX accounts_seats ON accounts (desk_id) WHERE seat;
CREATE INDEX accounts_staying ON accounts (connection_id, identity_id) WHERE ending_since IS NULL;
CREATE INDEX accounts_ending ON accounts (connection_id, ending_since) WHERE ending_since IS NOT NULL;

-- The journal of visits. A closed step is deleted: the audit log tells of it.
CREATE TABLE steps (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account_id TEXT    NOT NULL REFERENCES accounts (id),
	kind       TEXT    NOT NULL,
	detail     TEXT    NOT NULL,
	note       TEXT    NOT NULL
) STRICT;
CREATE INDEX steps_account ON steps (account_id, id);

-- +goose Down
DROP TABLE steps;
DROP TABLE accounts;
DROP TABLE rules;
DROP TABLE desks;
DROP TABLE members;
DROP TABLE groups;
DROP TABLE identity_marks;
DROP TABLE identity_emails;
DROP TABLE identities;
DROP TABLE tokens;
DROP TABLE connections;
