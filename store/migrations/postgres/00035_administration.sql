-- +goose Up
-- Who may do what in the console and by the admin API: groups of a connection
-- whose people have a role there.
CREATE TABLE console_grants (
	id            TEXT COLLATE "C" PRIMARY KEY,
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	group_id      TEXT COLLATE "C" NOT NULL, -- '' of a group that is named at sign-in only
	group_name    TEXT COLLATE "C" NOT NULL,
	group_folded  TEXT COLLATE "C" NOT NULL, -- '' where there is a group_id
	role          TEXT COLLATE "C" NOT NULL,
	reach         TEXT COLLATE "C" NOT NULL, -- JSON: what of which desk a mailbox manager may map
	created_by    TEXT COLLATE "C" NOT NULL,
	created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX console_grants_group ON console_grants (connection_id, group_id, group_folded);

-- Bearer tokens of the admin API.
CREATE TABLE api_tokens (
	id            TEXT COLLATE "C" PRIMARY KEY,
	name          TEXT COLLATE "C" NOT NULL,
	hash          BYTEA NOT NULL,
	role          TEXT COLLATE "C" NOT NULL,
	verbs         TEXT COLLATE "C" NOT NULL, -- JSON list; [] is all that the role may
	reach         TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL, -- whose it is; '' nobody's
	connection_id TEXT COLLATE "C" NOT NULL, -- of identity_id
	created_by    TEXT COLLATE "C" NOT NULL,
	created_at    BIGINT NOT NULL,
	expires_at    BIGINT NOT NULL,
	revoked_at    BIGINT,
	last_used_at  BIGINT
);
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash);
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL;

-- Answers of the admin API that a client gets again by its idempotency key.
CREATE TABLE api_answers (
	key        TEXT COLLATE "C" PRIMARY KEY, -- SHA-256 of who asked and the key, in hex
	request    TEXT COLLATE "C" NOT NULL,    -- SHA-256 of the request, in hex
	status     BIGINT NOT NULL, -- 0 while the request is under way
	body       TEXT   NOT NULL, -- sealed
	expires_at BIGINT NOT NULL
);
CREATE INDEX api_answers_expires ON api_answers (expires_at);

-- +goose Down
DROP TABLE api_answers;
DROP TABLE api_tokens;
DROP TABLE console_grants;
