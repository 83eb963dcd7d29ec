-- +goose Up
-- Defaults, because a release of before may write tokens and connections on
-- this schema.
ALTER TABLE connections ADD COLUMN jwt TEXT NOT NULL DEFAULT ''; -- '' when no signed tokens are taken

ALTER TABLE tokens ADD COLUMN client_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- '' for a bearer token
ALTER TABLE tokens ADD COLUMN read_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tokens ADD COLUMN replaced_at BIGINT;
DROP INDEX tokens_name;
CREATE UNIQUE INDEX tokens_name ON tokens (connection_id, name) WHERE revoked_at IS NULL AND replaced_at IS NULL;

CREATE TABLE access_tokens (
	hash       BYTEA   PRIMARY KEY,
	token_id   TEXT COLLATE "C" NOT NULL REFERENCES tokens (id),
	read_only  BOOLEAN NOT NULL,
	created_at BIGINT  NOT NULL,
	expires_at BIGINT  NOT NULL
);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

-- +goose Down
DROP TABLE access_tokens;
DROP INDEX tokens_name;
-- Without replaced_at, two tokens would have one name.
UPDATE tokens SET revoked_at = replaced_at WHERE revoked_at IS NULL AND replaced_at IS NOT NULL;
-- The secret of a client would be a bearer token.
UPDATE tokens SET revoked_at = created_at WHERE revoked_at IS NULL AND (client_id <> '' OR read_only);
CREATE UNIQUE INDEX tokens_name ON tokens (connection_id, name) WHERE revoked_at IS NULL;
ALTER TABLE tokens DROP COLUMN replaced_at;
ALTER TABLE tokens DROP COLUMN read_only;
ALTER TABLE tokens DROP COLUMN client_id;
ALTER TABLE connections DROP COLUMN jwt;
