-- +goose Up
-- Who is known by which login. A removed person's stay: whoever signs in with
-- one of them is known to have been removed.
CREATE TABLE logins (
	connection_id TEXT NOT NULL REFERENCES connections (id),
	issuer        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	protocol      TEXT NOT NULL,
	identity_id   TEXT NOT NULL REFERENCES identities (id),
	created_at    INTEGER NOT NULL,
	used_at       INTEGER NOT NULL,
	PRIMARY KEY (connection_id, issuer, subject)
) STRICT;
CREATE INDEX logins_identity ON logins (identity_id);

CREATE TABLE sessions (
	id            TEXT PRIMARY KEY,
	hash          BLOB   NOT NULL,
	identity_id   TEXT NOT NULL REFERENCES identities (id),
	connection_id TEXT NOT NULL REFERENCES connections (id),
	protocol      TEXT NOT NULL,
	issuer        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	session_index TEXT NOT NULL, -- '' when the IdP names none
	name_id       TEXT   NOT NULL,
	hint          TEXT   NOT NULL, -- sealed; '' when there is none
	agent         TEXT   NOT NULL,
	created_at    INTEGER NOT NULL,
	seen_at       INTEGER NOT NULL,
	ends_at       INTEGER NOT NULL,
	ended_at      INTEGER,
	reason        TEXT   NOT NULL
) STRICT;
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_identity ON sessions (identity_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_connection ON sessions (connection_id, issuer, subject) WHERE ended_at IS NULL;
CREATE INDEX sessions_index ON sessions (connection_id, issuer, session_index) WHERE ended_at IS NULL;
CREATE INDEX sessions_ends ON sessions (ends_at);

CREATE TABLE tickets (
	hash          BLOB   PRIMARY KEY,
	kind          TEXT NOT NULL,
	connection_id TEXT NOT NULL, -- '' when it belongs to none
	data          TEXT   NOT NULL, -- sealed
	expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX tickets_expires ON tickets (expires_at);

-- What was seen and must not be taken again: assertions, logout tokens.
CREATE TABLE memories (
	key        TEXT PRIMARY KEY,
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX memories_expires ON memories (expires_at);

CREATE TABLE keys (
	id          TEXT PRIMARY KEY,
	use         TEXT NOT NULL,
	private     TEXT   NOT NULL, -- sealed
	certificate BLOB   NOT NULL,
	created_at  INTEGER NOT NULL,
	active_at   INTEGER NOT NULL,
	retired_at  INTEGER
) STRICT;
CREATE INDEX keys_use ON keys (use, id);

CREATE TABLE domain_claims (
	connection_id TEXT NOT NULL REFERENCES connections (id),
	domain        TEXT NOT NULL,
	token         TEXT   NOT NULL,
	created_at    INTEGER NOT NULL,
	PRIMARY KEY (connection_id, domain)
) STRICT;

CREATE TABLE metadata (
	connection_id TEXT PRIMARY KEY REFERENCES connections (id),
	url           TEXT   NOT NULL,
	body          BLOB   NOT NULL,
	fetched_at    INTEGER NOT NULL,
	tried_at      INTEGER NOT NULL,
	problem       TEXT   NOT NULL,
	waiting       BLOB   NOT NULL
) STRICT;

-- +goose Down
DROP TABLE metadata;
DROP TABLE domain_claims;
DROP TABLE keys;
DROP TABLE memories;
DROP TABLE tickets;
DROP TABLE sessions;
DROP TABLE logins;
