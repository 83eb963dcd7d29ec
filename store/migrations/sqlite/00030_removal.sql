-- +goose Up
-- Connections and desks that an admin has removed, and of which something is
-- still to be ended or deleted. Defaults, because a release of before may write
-- on this schema.
ALTER TABLE connections ADD COLUMN removal TEXT NOT NULL DEFAULT '';
ALTER TABLE desks ADD COLUMN removal TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE desks DROP COLUMN removal;
ALTER TABLE connections DROP COLUMN removal;
