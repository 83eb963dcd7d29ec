-- +goose Up
-- Each change of a person would be written here, too. Identity providers change
-- people all day, and hardly ever ask for them by time.
DROP INDEX identities_updated;

-- +goose Down
CREATE INDEX identities_updated ON identities (connection_id, updated_at, id) WHERE status <> 'removed';
