-- +goose Up
-- Who keeps which field of a profile on a desk, as a JSON object; what it does not
-- name is kept in step.
ALTER TABLE desks ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE desks DROP COLUMN profile;
