-- +goose Up
-- What admins have said of a person, as JSON, and when a date in it passes next.
-- Few people have any.
ALTER TABLE identities ADD COLUMN terms TEXT;
ALTER TABLE identities ADD COLUMN terms_due INTEGER;
CREATE INDEX identities_terms ON identities (id) WHERE terms IS NOT NULL;
CREATE INDEX identities_terms_due ON identities (terms_due) WHERE terms_due IS NOT NULL;

-- When a rule ends, and whether that has been seen to.
ALTER TABLE rules ADD COLUMN until INTEGER;
ALTER TABLE rules ADD COLUMN until_due INTEGER;
CREATE INDEX rules_until_due ON rules (until_due) WHERE until_due IS NOT NULL;

-- +goose Down
DROP INDEX rules_until_due;
ALTER TABLE rules DROP COLUMN until_due;
ALTER TABLE rules DROP COLUMN until;
DROP INDEX identities_terms_due;
DROP INDEX identities_terms;
ALTER TABLE identities DROP COLUMN terms_due;
ALTER TABLE identities DROP COLUMN terms;
