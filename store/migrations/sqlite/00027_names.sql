-- +goose Up
-- externalId is no key (RFC 7643 §3.1): userName decides who a person is, and
-- displayName what a group is. The id is in the indexes because SQLite has no
-- statistics: it would rather walk through all ids than sort those of one externalId.
DROP INDEX identities_external_id;
CREATE INDEX identities_external_id ON identities (connection_id, external_id, id, status) WHERE external_id <> '' AND status <> 'removed';
DROP INDEX groups_external_id;
CREATE INDEX groups_external_id ON groups (connection_id, external_id, id) WHERE external_id <> '';

-- Names are compared as RFC 7644 §5 asks: deskbridge_fold is provision.Fold.
DROP INDEX identities_user_name;
DROP INDEX groups_display_name;
UPDATE identities SET user_name_folded = deskbridge_fold(user_name) WHERE length(CAST(user_name AS BLOB)) <> length(user_name) AND user_name_folded <> deskbridge_fold(user_name);
UPDATE identities SET display_name_folded = deskbridge_fold(display_name) WHERE length(CAST(display_name AS BLOB)) <> length(display_name) AND display_name_folded <> deskbridge_fold(display_name);
UPDATE identity_emails SET value_folded = deskbridge_fold(value) WHERE length(CAST(value AS BLOB)) <> length(value) AND value_folded <> deskbridge_fold(value);
UPDATE groups SET display_name_folded = deskbridge_fold(display_name) WHERE length(CAST(display_name AS BLOB)) <> length(display_name) AND display_name_folded <> deskbridge_fold(display_name);
UPDATE account_names SET name = deskbridge_fold(name) WHERE length(CAST(name AS BLOB)) <> length(name) AND name <> deskbridge_fold(name)
	AND NOT EXISTS (SELECT 1 FROM account_names o WHERE o.desk_id = account_names.desk_id AND o.name <> account_names.name
		AND deskbridge_fold(o.name) = deskbridge_fold(account_names.name)); -- of several none: each is confirmed anew in its time

-- Of two whose names have become one, both stay: the later is a namesake, whose
-- folded name ends with U+001F and its id until it is renamed, or the other is
-- gone or renamed. No one is added to the table later.
CREATE TABLE namesakes (
	id   TEXT PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('identity', 'group'))
) STRICT, WITHOUT ROWID;
INSERT INTO namesakes (id, kind) SELECT id, 'identity' FROM (SELECT id, row_number() OVER (PARTITION BY connection_id, user_name_folded ORDER BY created_at, id) AS n
	FROM identities WHERE status <> 'removed') AS named WHERE n > 1;
INSERT INTO namesakes (id, kind) SELECT id, 'group' FROM (SELECT id, row_number() OVER (PARTITION BY connection_id, display_name_folded ORDER BY created_at, id) AS n
	FROM groups) AS named WHERE n > 1;
UPDATE identities SET user_name_folded = user_name_folded || char(31) || id WHERE id IN (SELECT id FROM namesakes);
UPDATE groups SET display_name_folded = display_name_folded || char(31) || id WHERE id IN (SELECT id FROM namesakes);
CREATE UNIQUE INDEX identities_user_name ON identities (connection_id, user_name_folded) WHERE status <> 'removed';
CREATE UNIQUE INDEX groups_display_name ON groups (connection_id, display_name_folded);

-- +goose Down
-- What was folded stays so. Of those with one externalId the first keeps it.
DROP TABLE namesakes;
DROP INDEX groups_external_id;
DROP INDEX identities_external_id;
UPDATE identities SET external_id = '' WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY connection_id, external_id ORDER BY created_at, id) AS n
	FROM identities WHERE external_id <> '' AND status <> 'removed') AS same WHERE n > 1);
UPDATE groups SET external_id = '' WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY connection_id, external_id ORDER BY created_at, id) AS n
	FROM groups WHERE external_id <> '') AS same WHERE n > 1);
CREATE UNIQUE INDEX identities_external_id ON identities (connection_id, external_id) WHERE external_id <> '' AND status <> 'removed';
CREATE UNIQUE INDEX groups_external_id ON groups (connection_id, external_id) WHERE external_id <> '';
