-- +goose Up
-- A default, because a release of before may write desks on this schema.
ALTER TABLE desks ADD COLUMN sign_in TEXT NOT NULL DEFAULT ''; -- sealed; '' when nobody signs in there through us

-- Sessions of ours in use at desks. They outlive the session: who leaves is
-- signed out of a desk long after that has run out.
CREATE TABLE app_sessions (
	id            TEXT PRIMARY KEY,
	session_id    TEXT NOT NULL,
	identity_id   TEXT NOT NULL REFERENCES identities (id),
	connection_id TEXT NOT NULL REFERENCES connections (id),
	desk_id       TEXT NOT NULL REFERENCES desks (id),
	protocol      TEXT NOT NULL,
	created_at    INTEGER NOT NULL,
	seen_at       INTEGER NOT NULL,
	ended_at      INTEGER,
	reason        TEXT NOT NULL, -- '' until it has ended
	tell_at       INTEGER, -- null: nothing to tell the desk
	attempts      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX app_sessions_open ON app_sessions (session_id, desk_id, protocol) WHERE ended_at IS NULL;
CREATE INDEX app_sessions_identity ON app_sessions (identity_id, desk_id) WHERE ended_at IS NULL;
CREATE INDEX app_sessions_tell ON app_sessions (tell_at) WHERE tell_at IS NOT NULL;

-- What ended of late, for all connections.
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX accounts_ending_since ON accounts (ending_since) WHERE ending_since IS NOT NULL;

-- +goose Down
DROP INDEX accounts_ending_since;
DROP INDEX sessions_ended;
DROP TABLE app_sessions;
ALTER TABLE desks DROP COLUMN sign_in;
