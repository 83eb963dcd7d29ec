-- +goose Up

-- Whoever is changed is changed in updated_at. While an index names it, PostgreSQL
-- writes each change of a person into every index; without it, into none, as long
-- as the page has room (a heap-only tuple). Identity providers change people all
-- day, and hardly ever ask for them by time.
DROP INDEX identities_updated;
ALTER TABLE identities SET (fillfactor = 85);

-- +goose Down
ALTER TABLE identities RESET (fillfactor);
CREATE INDEX identities_updated ON identities (connection_id, updated_at, id) WHERE status <> 'removed';
