-- +goose Up
-- Who describes a person, what a sign-in says of their groups, and what the
-- desk extension asks for have columns of their own: in attributes an identity
-- provider could write the same names. Defaults, because a release of before
-- may add people on this schema.
ALTER TABLE identities ADD COLUMN source TEXT NOT NULL DEFAULT 'scim';
ALTER TABLE identities ADD COLUMN claimed_groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE identities ADD COLUMN requested TEXT NOT NULL DEFAULT '{}';

UPDATE identities SET source = 'sign-in',
	claimed_groups = (SELECT json_group_array(value) FROM json_each(identities.attributes, '$."signin.groups"') WHERE type = 'text'),
	attributes = json_remove(attributes, '$.jit', '$."signin.groups"', '$."desk.role"', '$."desk.teams"', '$."desk.mailboxes"')
WHERE document IS NULL AND json_array_length(attributes, '$.jit') > 0;

-- Who got something by such a name is evaluated anew.
INSERT OR IGNORE INTO identity_marks (connection_id, identity_id)
SELECT connection_id, id FROM identities WHERE status <> 'removed' AND document IS NOT NULL AND (json_type(attributes, '$.jit') IS NOT NULL
	OR json_type(attributes, '$."desk.role"') IS NOT NULL OR json_type(attributes, '$."desk.teams"') IS NOT NULL OR json_type(attributes, '$."desk.mailboxes"') IS NOT NULL);

-- From the extension itself: attributes may hold what another part of the
-- document claims under the same names.
UPDATE identities SET requested = json_object(
		'roles',     json((SELECT json_group_array(value) FROM json_each(identities.document, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".role') WHERE type = 'text')),
		'teams',     json((SELECT json_group_array(value) FROM json_each(identities.document, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".teams') WHERE type = 'text')),
		'mailboxes', json((SELECT json_group_array(value) FROM json_each(identities.document, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".mailboxes') WHERE type = 'text')))
WHERE json_type(document, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"') = 'object';
UPDATE identities SET attributes = json_remove(attributes, '$."desk.role"', '$."desk.teams"', '$."desk.mailboxes"')
WHERE json_type(attributes, '$."desk.role"') IS NOT NULL OR json_type(attributes, '$."desk.teams"') IS NOT NULL OR json_type(attributes, '$."desk.mailboxes"') IS NOT NULL;

-- People who came by signing in. Where SCIM pushes everybody it stays empty.
CREATE INDEX identities_sign_in_only ON identities (connection_id, id) WHERE source = 'sign-in' AND status <> 'removed';
DROP INDEX identities_undescribed;

-- +goose Down
CREATE INDEX identities_undescribed ON identities (connection_id, id) WHERE document IS NULL AND status <> 'removed';
DROP INDEX identities_sign_in_only;
UPDATE identities SET attributes = CASE json_type(attributes) WHEN 'object' THEN attributes ELSE '{}' END
WHERE source = 'sign-in' OR requested <> '{}';
UPDATE identities SET attributes = json_set(attributes, '$."desk.role"', json_extract(requested, '$.roles')) WHERE json_array_length(requested, '$.roles') > 0;
UPDATE identities SET attributes = json_set(attributes, '$."desk.teams"', json_extract(requested, '$.teams')) WHERE json_array_length(requested, '$.teams') > 0;
UPDATE identities SET attributes = json_set(attributes, '$."desk.mailboxes"', json_extract(requested, '$.mailboxes')) WHERE json_array_length(requested, '$.mailboxes') > 0;
UPDATE identities SET attributes = json_set(attributes, '$.jit', json('["true"]')) WHERE source = 'sign-in';
UPDATE identities SET attributes = json_set(attributes, '$."signin.groups"', json(claimed_groups)) WHERE source = 'sign-in' AND json_array_length(claimed_groups) > 0;
ALTER TABLE identities DROP COLUMN requested;
ALTER TABLE identities DROP COLUMN claimed_groups;
ALTER TABLE identities DROP COLUMN source;
