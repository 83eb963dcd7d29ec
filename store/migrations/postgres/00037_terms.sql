-- +goose Up
-- What admins have said of a person, as JSON, and when a date in it passes next.
-- Few people have any.
ALTER TABLE identities ADD COLUMN terms TEXT;
ALTER TABLE identities ADD COLUMN terms_due BIGINT;
CREATE INDEX identities_terms ON identities (id) WHERE terms IS NOT NULL;
CREATE INDEX identities_terms_due ON identities (terms_due) WHERE terms_due IS NOT NULL;

-- Accounts of which something is to be done by hand about an absence.
CREATE INDEX accounts_by_hand ON accounts (id) WHERE granted ->> 'by_hand' <> '';

-- What waits for an admin because it cannot be undone. Few accounts wait.
ALTER TABLE desks ADD COLUMN approve TEXT NOT NULL DEFAULT '{}';
ALTER TABLE accounts ADD COLUMN approval TEXT;
ALTER TABLE accounts ADD COLUMN approval_due BIGINT;
CREATE INDEX accounts_approval_due ON accounts (approval_due) WHERE approval_due IS NOT NULL;

-- When a rule ends, and whether that has been seen to.
ALTER TABLE rules ADD COLUMN until BIGINT;
ALTER TABLE rules ADD COLUMN until_due BIGINT;
CREATE INDEX rules_until_due ON rules (until_due) WHERE until_due IS NOT NULL;

-- +goose Down
DROP INDEX rules_until_due;
ALTER TABLE rules DROP COLUMN until_due;
ALTER TABLE rules DROP COLUMN until;
DROP INDEX accounts_approval_due;
ALTER TABLE accounts DROP COLUMN approval_due;
ALTER TABLE accounts DROP COLUMN approval;
ALTER TABLE desks DROP COLUMN approve;
DROP INDEX accounts_by_hand;
DROP INDEX identities_terms_due;
DROP INDEX identities_terms;
ALTER TABLE identities DROP COLUMN terms_due;
ALTER TABLE identities DROP COLUMN terms;
