-- +goose Up

-- Each index costs everybody who is made or changed. Removed people and
-- suspended ones are few, so those that are for them hold nobody else; whoever
-- is looked for in all connections is looked for in one after the other.
DROP INDEX identities_status;
DROP INDEX identities_any_user_name;
DROP INDEX identities_any_external_id;
CREATE INDEX identities_suspended ON identities (connection_id, id) WHERE status = 'suspended';
CREATE INDEX identities_removed_user_name ON identities (connection_id, user_name_folded) WHERE status = 'removed';
CREATE INDEX identities_removed_external_id ON identities (connection_id, external_id) WHERE external_id <> '' AND status = 'removed';

-- A visit writes its account at every step: no index names what it writes.
DROP INDEX accounts_due;
CREATE INDEX accounts_due ON accounts (id) WHERE visited < revision;

-- +goose Down
DROP INDEX accounts_due;
CREATE INDEX accounts_due ON accounts (updated_at, id) WHERE visited < revision;
DROP INDEX identities_removed_external_id;
DROP INDEX identities_removed_user_name;
DROP INDEX identities_suspended;
CREATE INDEX identities_status ON identities (connection_id, status, id);
CREATE INDEX identities_any_user_name ON identities (user_name_folded, connection_id);
CREATE INDEX identities_any_external_id ON identities (external_id, connection_id) WHERE external_id <> '';
