-- +goose Up
-- What a login was bound to its person by: external-id, user-name, email, or
-- created. Empty for those that were bound before it was kept.
ALTER TABLE logins ADD COLUMN found_by TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE logins DROP COLUMN found_by;
