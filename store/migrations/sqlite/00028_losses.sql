-- +goose Up
-- What mass-change protection knows of access that ends. Defaults, because a
-- release of before may write accounts on this schema.
ALTER TABLE accounts ADD COLUMN has_access INTEGER NOT NULL DEFAULT 0; -- for counting: the desk has confirmed access, or has a user of ours
ALTER TABLE accounts ADD COLUMN loss_since INTEGER; -- when access that there was began to end
ALTER TABLE accounts ADD COLUMN loss_person TEXT NOT NULL DEFAULT ''; -- what the person was by then
ALTER TABLE accounts ADD COLUMN loss_cause TEXT NOT NULL DEFAULT ''; -- '': the identity provider
ALTER TABLE accounts ADD COLUMN loss_verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN loss_by TEXT NOT NULL DEFAULT '';
UPDATE accounts SET has_access = 1
WHERE granted ->> 'status' = 'active' OR coalesce(granted ->> 'status', '') = '' AND desk_user <> '' AND origin <> '';
UPDATE accounts SET loss_since = ending_since, loss_person = (SELECT i.status FROM identities i WHERE i.id = accounts.identity_id),
	loss_verdict = CASE WHEN state = 'on-hold' THEN 'on-hold' ELSE '' END
WHERE ending_since IS NOT NULL AND state <> 'ended' AND (has_access OR state = 'on-hold');
DROP INDEX accounts_staying;
DROP INDEX accounts_ending;
CREATE INDEX accounts_staying ON accounts (connection_id, identity_id) WHERE has_access AND ending_since IS NULL;
CREATE INDEX accounts_losses ON accounts (connection_id, loss_since) WHERE loss_since IS NOT NULL;

-- When an evaluation was asked for, and what made it necessary.
ALTER TABLE identity_marks ADD COLUMN marked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evaluations ADD COLUMN marked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE evaluations ADD COLUMN cause TEXT NOT NULL DEFAULT ''; -- '': the identity provider

-- Accounts that may lose access by the evaluation that is under way.
CREATE TABLE loss_allowances (
	account_id    TEXT PRIMARY KEY REFERENCES accounts (id),
	connection_id TEXT NOT NULL REFERENCES connections (id),
	allowed_by    TEXT NOT NULL
) STRICT;
CREATE INDEX loss_allowances_connection ON loss_allowances (connection_id);

-- +goose Down
DROP TABLE loss_allowances;
ALTER TABLE evaluations DROP COLUMN cause;
ALTER TABLE evaluations DROP COLUMN marked_at;
ALTER TABLE identity_marks DROP COLUMN marked_at;
DROP INDEX accounts_losses;
DROP INDEX accounts_staying;
CREATE INDEX accounts_staying ON accounts (connection_id, identity_id) WHERE ending_since IS NULL;
CREATE INDEX accounts_ending ON accounts (connection_id, ending_since) WHERE ending_since IS NOT NULL;
ALTER TABLE accounts DROP COLUMN loss_by;
ALTER TABLE accounts DROP COLUMN loss_verdict;
ALTER TABLE accounts DROP COLUMN loss_cause;
ALTER TABLE accounts DROP COLUMN loss_person;
ALTER TABLE accounts DROP COLUMN loss_since;
ALTER TABLE accounts DROP COLUMN has_access;
