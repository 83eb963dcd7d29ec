-- +goose Up
-- Who is known by which login. A removed person's stay: whoever signs in with
-- one of them is known to have been removed.
CREATE TABLE logins (
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	issuer        TEXT COLLATE "C" NOT NULL,
	subject       TEXT COLLATE "C" NOT NULL,
	protocol      TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL REFERENCES identities (id),
	created_at    BIGINT NOT NULL,
	used_at       BIGINT NOT NULL,
	PRIMARY KEY (connection_id, issuer, subject)
);
CREATE INDEX logins_identity ON logins (identity_id);

CREATE TABLE sessions (
	id            TEXT COLLATE "C" PRIMARY KEY,
	hash          BYTEA  NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL REFERENCES identities (id),
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	protocol      TEXT COLLATE "C" NOT NULL,
	issuer        TEXT COLLATE "C" NOT NULL,
	subject       TEXT COLLATE "C" NOT NULL,
	session_index TEXT COLLATE "C" NOT NULL, -- '' when the IdP names none
	name_id       TEXT   NOT NULL,
	hint          TEXT   NOT NULL, -- sealed; '' when there is none
	agent         TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	seen_at       BIGINT NOT NULL,
	ends_at       BIGINT NOT NULL,
	ended_at      BIGINT,
	reason        TEXT   NOT NULL
);
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_identity ON sessions (identity_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_connection ON sessions (connection_id, issuer, subject) WHERE ended_at IS NULL;
CREATE INDEX sessions_index ON sessions (connection_id, issuer, session_index) WHERE ended_at IS NULL;
CREATE INDEX sessions_ends ON sessions (ends_at);

CREATE TABLE tickets (
	hash          BYTEA  PRIMARY KEY,
	kind          TEXT COLLATE "C" NOT NULL,
	connection_id TEXT COLLATE "C" NOT NULL, -- '' when it belongs to none
	data          TEXT   NOT NULL, -- sealed
	expires_at    BIGINT NOT NULL
);
CREATE INDEX tickets_expires ON tickets (expires_at);

-- What was seen and must not be taken again: assertions, logout tokens.
CREATE TABLE memories (
	key        TEXT COLLATE "C" PRIMARY KEY,
	expires_at BIGINT NOT NULL
);
CREATE INDEX memories_expires ON memories (expires_at);

CREATE TABLE keys (
	id          TEXT COLLATE "C" PRIMARY KEY,
	use         TEXT COLLATE "C" NOT NULL,
	private     TEXT   NOT NULL, -- sealed
	certificate BYTEA  NOT NULL,
	created_at  BIGINT NOT NULL,
	active_at   BIGINT NOT NULL,
	retired_at  BIGINT
);
CREATE INDEX keys_use ON keys (use, id);

CREATE TABLE domain_claims (
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	domain        TEXT COLLATE "C" NOT NULL,
	token         TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	PRIMARY KEY (connection_id, domain)
);

CREATE TABLE metadata (
	connection_id TEXT COLLATE "C" PRIMARY KEY REFERENCES connections (id),
	url           TEXT   NOT NULL,
	body          BYTEA  NOT NULL,
	fetched_at    BIGINT NOT NULL,
	tried_at      BIGINT NOT NULL,
	problem       TEXT   NOT NULL,
	waiting       BYTEA  NOT NULL
);

-- +goose Down
DROP TABLE metadata, domain_claims, keys, memories, tickets, sessions, logins;
