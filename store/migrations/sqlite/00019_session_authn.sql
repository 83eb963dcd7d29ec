-- +goose Up
-- When the person proved at the identity provider who they are, as it said:
-- AuthnInstant, auth_time. NULL where it did not say, and in sessions of before.
ALTER TABLE sessions ADD COLUMN authn_at INTEGER;

-- +goose Down
ALTER TABLE sessions DROP COLUMN authn_at;
