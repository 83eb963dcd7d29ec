-- +goose Up
-- Whoever is forgotten, and a person of a connection that is deleted, takes all
-- their sessions along, those that have ended too; and that none is left is asked
-- by the foreign key.
DROP INDEX sessions_identity;
CREATE INDEX sessions_identity ON sessions (identity_id);
DROP INDEX app_sessions_identity;
CREATE INDEX app_sessions_identity ON app_sessions (identity_id, desk_id);
CREATE INDEX access_tokens_token ON access_tokens (token_id);

-- What waits for a person, of all connections and desks; few of many.
CREATE INDEX accounts_asking ON accounts (state, id) WHERE state IN ('needs-attention', 'on-hold');

-- +goose Down
DROP INDEX accounts_asking;
DROP INDEX access_tokens_token;
DROP INDEX app_sessions_identity;
CREATE INDEX app_sessions_identity ON app_sessions (identity_id, desk_id) WHERE ended_at IS NULL;
DROP INDEX sessions_identity;
CREATE INDEX sessions_identity ON sessions (identity_id) WHERE ended_at IS NULL;
