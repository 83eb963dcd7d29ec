-- +goose Up
-- Who may do what in the console and by the admin API: groups of a connection
-- whose people have a role there.
CREATE TABLE console_grants (
	id            TEXT PRIMARY KEY,
	connection_id TEXT NOT NULL REFERENCES connections (id),
	group_id      TEXT NOT NULL, -- '' of a group that is named at sign-in only
	group_name    TEXT NOT NULL,
	group_folded  TEXT NOT NULL, -- '' where there is a group_id
	role          TEXT NOT NULL,
	reach         TEXT NOT NULL, -- JSON: what of which desk a mailbox manager may map
	created_by    TEXT NOT NULL,
	created_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX console_grants_group ON console_grants (connection_id, group_id, group_folded);

-- Bearer tokens of the admin API.
CREATE TABLE api_tokens (
	id            TEXT PRIMARY KEY,
	name          TEXT NOT NULL,
	hash          BLOB NOT NULL,
	role          TEXT NOT NULL,
	verbs         TEXT NOT NULL, -- JSON list; [] is all that the role may
	reach         TEXT NOT NULL,
	identity_id   TEXT NOT NULL, -- whose it is; '' nobody's
	connection_id TEXT NOT NULL, -- of identity_id
	created_by    TEXT NOT NULL,
	created_at    INTEGER NOT NULL,
	expires_at    INTEGER NOT NULL,
	revoked_at    INTEGER,
	last_used_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash);
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL;

-- Answers of the admin API that a client gets again by its idempotency key.
CREATE TABLE api_answers (
	key        TEXT PRIMARY KEY, -- SHA-256 of who asked and the key, in hex
	request    TEXT NOT NULL,    -- SHA-256 of the request, in hex
	status     INTEGER NOT NULL, -- 0 while the request is under way
	body       TEXT NOT NULL,    -- sealed
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_answers_expires ON api_answers (expires_at);

-- +goose Down
DROP TABLE api_answers;
DROP TABLE api_tokens;
DROP TABLE console_grants;
