-- +goose Up
-- A default, because a release of before may write desks on this schema.
ALTER TABLE desks ADD COLUMN sign_in TEXT NOT NULL DEFAULT ''; -- sealed; '' when nobody signs in there through us

-- Sessions of ours in use at desks. They outlive the session: who leaves is
-- signed out of a desk long after that has run out.
CREATE TABLE app_sessions (
	id            TEXT COLLATE "C" PRIMARY KEY,
	session_id    TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL REFERENCES identities (id),
	connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id),
	desk_id       TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	protocol      TEXT COLLATE "C" NOT NULL,
	created_at    BIGINT NOT NULL,
	seen_at       BIGINT NOT NULL,
	ended_at      BIGINT,
	reason        TEXT COLLATE "C" NOT NULL, -- '' until it has ended
	tell_at       BIGINT, -- null: nothing to tell the desk
	attempts      BIGINT NOT NULL
);
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
