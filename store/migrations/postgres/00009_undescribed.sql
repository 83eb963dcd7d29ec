-- +goose Up
-- People whom SCIM has never described: those who came by signing in. Where
-- SCIM pushes everybody it stays empty, and costs nothing.
CREATE INDEX identities_undescribed ON identities (connection_id, id) WHERE document IS NULL AND status <> 'removed';

-- +goose Down
DROP INDEX identities_undescribed;
