-- +goose Up
-- Who describes a person, what a sign-in says of their groups, and what the
-- desk extension asks for have columns of their own: in attributes an identity
-- provider could write the same names. Defaults, because a release of before
-- may add people on this schema.
ALTER TABLE identities ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'scim';
ALTER TABLE identities ADD COLUMN claimed_groups JSON NOT NULL DEFAULT '[]';
ALTER TABLE identities ADD COLUMN requested JSON NOT NULL DEFAULT '{}';

UPDATE identities SET source = 'sign-in',
	claimed_groups = CASE WHEN json_typeof(attributes -> 'signin.groups') = 'array' THEN attributes -> 'signin.groups' ELSE '[]' END,
	attributes = (attributes::jsonb - '{jit,signin.groups,desk.role,desk.teams,desk.mailboxes}'::text[])::json
WHERE document IS NULL AND CASE WHEN json_typeof(attributes -> 'jit') = 'array' THEN json_array_length(attributes -> 'jit') > 0 ELSE false END;

-- Who got something by such a name is evaluated anew.
INSERT INTO identity_marks (connection_id, identity_id)
SELECT connection_id, id FROM identities WHERE status <> 'removed' AND document IS NOT NULL AND (attributes -> 'jit' IS NOT NULL
	OR attributes -> 'desk.role' IS NOT NULL OR attributes -> 'desk.teams' IS NOT NULL OR attributes -> 'desk.mailboxes' IS NOT NULL) ORDER BY id
ON CONFLICT (connection_id, identity_id) DO NOTHING;

-- From the extension itself: attributes may hold what another part of the
-- document claims under the same names.
UPDATE identities SET requested = jsonb_build_object(
		'roles',     jsonb_path_query_array(document::jsonb, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".role[*] ? (@.type() == "string")'),
		'teams',     jsonb_path_query_array(document::jsonb, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".teams[*] ? (@.type() == "string")'),
		'mailboxes', jsonb_path_query_array(document::jsonb, '$."urn:deskbridge:params:scim:schemas:extension:desk:2.0:User".mailboxes[*] ? (@.type() == "string")'))::json
WHERE json_typeof(document -> 'urn:deskbridge:params:scim:schemas:extension:desk:2.0:User') = 'object';
UPDATE identities SET attributes = (attributes::jsonb - '{desk.role,desk.teams,desk.mailboxes}'::text[])::json
WHERE json_typeof(attributes) = 'object' AND (attributes -> 'desk.role' IS NOT NULL OR attributes -> 'desk.teams' IS NOT NULL OR attributes -> 'desk.mailboxes' IS NOT NULL);

-- People who came by signing in. Where SCIM pushes everybody it stays empty.
CREATE INDEX identities_sign_in_only ON identities (connection_id, id) WHERE source = 'sign-in' AND status <> 'removed';
DROP INDEX identities_undescribed;

-- +goose Down
CREATE INDEX identities_undescribed ON identities (connection_id, id) WHERE document IS NULL AND status <> 'removed';
DROP INDEX identities_sign_in_only;
UPDATE identities SET attributes = (
	CASE WHEN json_typeof(attributes) = 'object' THEN attributes::jsonb ELSE '{}' END
	|| CASE WHEN json_array_length(coalesce(requested -> 'roles', '[]')) > 0 THEN jsonb_build_object('desk.role', requested -> 'roles') ELSE '{}' END
	|| CASE WHEN json_array_length(coalesce(requested -> 'teams', '[]')) > 0 THEN jsonb_build_object('desk.teams', requested -> 'teams') ELSE '{}' END
	|| CASE WHEN json_array_length(coalesce(requested -> 'mailboxes', '[]')) > 0 THEN jsonb_build_object('desk.mailboxes', requested -> 'mailboxes') ELSE '{}' END)::json
WHERE requested::text <> '{}';
UPDATE identities SET attributes = (
	CASE WHEN json_typeof(attributes) = 'object' THEN attributes::jsonb ELSE '{}' END
	|| '{"jit": ["true"]}'
	|| CASE WHEN json_array_length(claimed_groups) > 0 THEN jsonb_build_object('signin.groups', claimed_groups) ELSE '{}' END)::json
WHERE source = 'sign-in';
ALTER TABLE identities DROP COLUMN requested;
ALTER TABLE identities DROP COLUMN claimed_groups;
ALTER TABLE identities DROP COLUMN source;
