-- Times are microseconds since 1970-01-01 UTC. Text that is looked up or
-- sorted compares by bytes (COLLATE "C"), as it does in SQLite. JSON is kept
-- as json, not jsonb: jsonb would rewrite numbers and reorder keys.

-- +goose Up
CREATE TABLE connections (
	id          TEXT COLLATE "C" PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL,
	idp         TEXT COLLATE "C" NOT NULL,
	domains     JSON   NOT NULL,
	sign_in     TEXT   NOT NULL, -- sealed; '' when there is nothing to seal
	held_at     BIGINT,
	released_at BIGINT,
	created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX connections_name ON connections (name);

CREATE TABLE tokens (
	id            TEXT COLLATE "C" PRIMARY KEY,
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	name          TEXT COLLATE "C" NOT NULL,
	hash          BYTEA  NOT NULL,
	created_at    BIGINT NOT NULL,
	expires_at    BIGINT,
	revoked_at    BIGINT,
	last_used_at  BIGINT
);
CREATE UNIQUE INDEX tokens_name ON tokens (connection_id, name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);

CREATE TABLE identities (
	id                  TEXT COLLATE "C" PRIMARY KEY,
	connection_id       TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	user_name           TEXT COLLATE "C" NOT NULL,
	user_name_folded    TEXT COLLATE "C" NOT NULL,
	external_id         TEXT COLLATE "C" NOT NULL, -- '' when absent
	display_name        TEXT COLLATE "C" NOT NULL, -- '' when absent
	display_name_folded TEXT COLLATE "C" NOT NULL,
	status              TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
	profile             JSON   NOT NULL,
	emails              JSON   NOT NULL,
	attributes          JSON   NOT NULL,
	document            JSON, -- NULL for people the protocol edge has never described
	version             BIGINT NOT NULL,
	created_at          BIGINT NOT NULL,
	updated_at          BIGINT NOT NULL
);
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
	identity_id   TEXT COLLATE "C" NOT NULL REFERENCES identities (id),
	position      BIGINT NOT NULL,
	connection_id TEXT COLLATE "C" NOT NULL,
	value         TEXT COLLATE "C" NOT NULL,
	value_folded  TEXT COLLATE "C" NOT NULL,
	type          TEXT COLLATE "C" NOT NULL, -- '' when absent
	is_primary    BOOLEAN NOT NULL,
	PRIMARY KEY (identity_id, position)
);
CREATE INDEX identity_emails_value ON identity_emails (value_folded, connection_id);

CREATE TABLE identity_marks (
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	identity_id   TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (connection_id, identity_id)
);

CREATE TABLE groups (
	id                  TEXT COLLATE "C" PRIMARY KEY,
	connection_id       TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	display_name        TEXT COLLATE "C" NOT NULL,
	display_name_folded TEXT COLLATE "C" NOT NULL,
	external_id         TEXT COLLATE "C" NOT NULL, -- '' when absent
	document            JSON,
	version             BIGINT NOT NULL,
	created_at          BIGINT NOT NULL,
	updated_at          BIGINT NOT NULL
);
CREATE UNIQUE INDEX groups_display_name ON groups (connection_id, display_name_folded);
CREATE UNIQUE INDEX groups_external_id ON groups (connection_id, external_id) WHERE external_id <> '';
CREATE INDEX groups_list ON groups (connection_id, id);
CREATE INDEX groups_updated ON groups (connection_id, updated_at, id);

CREATE TABLE members (
	id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of adding
	connection_id TEXT COLLATE "C" NOT NULL,
	group_id      TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
	member_id     TEXT COLLATE "C" NOT NULL, -- of an identity or a group
	kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('identity', 'group'))
);
CREATE UNIQUE INDEX members_member ON members (group_id, member_id);
CREATE INDEX members_groups ON members (member_id, group_id);
CREATE INDEX members_order ON members (group_id, id);

CREATE TABLE desks (
	id         TEXT COLLATE "C" PRIMARY KEY,
	name       TEXT COLLATE "C" NOT NULL,
	kind       TEXT COLLATE "C" NOT NULL,
	url        TEXT   NOT NULL,
	secret     TEXT   NOT NULL, -- sealed; '' when there is none
	settings   JSON   NOT NULL,
	on_leave   TEXT COLLATE "C" NOT NULL,
	hand_over  JSON   NOT NULL,
	seats      BIGINT NOT NULL,
	adoption   TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX desks_name ON desks (name);

CREATE TABLE rules (
	id            TEXT COLLATE "C" PRIMARY KEY,
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	desk_id       TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	group_name    TEXT COLLATE "C" NOT NULL,
	group_id      TEXT COLLATE "C" NOT NULL, -- '' until the name is bound; may outlive the group
	attribute     TEXT COLLATE "C" NOT NULL,
	equals        TEXT COLLATE "C" NOT NULL,
	role          TEXT COLLATE "C" NOT NULL,
	teams         JSON NOT NULL,
	mailboxes     JSON NOT NULL
);
CREATE INDEX rules_connection ON rules (connection_id, id);

CREATE TABLE accounts (
	id            TEXT COLLATE "C" PRIMARY KEY,
	identity_id   TEXT COLLATE "C" NOT NULL REFERENCES identities (id),
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	desk_id       TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	desk_user     TEXT COLLATE "C" NOT NULL, -- '' until found or made
	origin        TEXT COLLATE "C" NOT NULL,
	wanted        JSON    NOT NULL,
	profile       JSON    NOT NULL,
	manager       TEXT    NOT NULL,
	revision      BIGINT  NOT NULL,
	visited       BIGINT  NOT NULL,
	granted       JSON    NOT NULL,
	granted_at    BIGINT,
	state         TEXT COLLATE "C" NOT NULL,
	reason        TEXT    NOT NULL,
	seat          BOOLEAN NOT NULL,
	ending_since  BIGINT,
	attempts      BIGINT  NOT NULL,
	retry_at      BIGINT,
	lease_until   BIGINT,
	created_at    BIGINT  NOT NULL,
	updated_at    BIGINT  NOT NULL
);
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
	id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
	kind       TEXT COLLATE "C" NOT NULL,
	detail     JSON NOT NULL,
	note       TEXT NOT NULL
);
CREATE INDEX steps_account ON steps (account_id, id);

-- +goose Down
DROP TABLE steps, accounts, rules, desks, members, groups, identity_marks, identity_emails, identities, tokens, connections;
