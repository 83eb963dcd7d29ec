-- +goose Up
-- What a desk knows somebody by, as it showed it when access was last confirmed,
-- and whose name it is there: one account's. user_name is the userName as
-- desired. Defaults, because a release of before may add accounts on this schema.
ALTER TABLE accounts ADD COLUMN user_name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN desk_email TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN desk_user_name TEXT NOT NULL DEFAULT '';
CREATE TABLE account_names (
	desk_id    TEXT NOT NULL REFERENCES desks (id),
	name       TEXT NOT NULL, -- folded
	account_id TEXT NOT NULL REFERENCES accounts (id),
	PRIMARY KEY (desk_id, name)
);
CREATE INDEX account_names_account ON account_names (account_id);

UPDATE accounts SET user_name = (SELECT i.user_name FROM identities i WHERE i.id = accounts.identity_id);
-- What a desk has confirmed is what is desired, where it is as it should be, or
-- where the person has not changed since. Of all others nothing is known until
-- the next confirmation.
UPDATE accounts SET desk_email = coalesce(profile ->> 'email', ''), desk_user_name = user_name
WHERE desk_user <> '' AND granted_at IS NOT NULL AND granted ->> 'status' <> 'absent' AND (state IN ('ready', 'ended')
	OR EXISTS (SELECT 1 FROM identities i WHERE i.id = accounts.identity_id AND i.updated_at <= accounts.granted_at));
INSERT INTO account_names (desk_id, name, account_id)
SELECT desk_id, deskbridge_fold(desk_email), min(id) FROM accounts WHERE desk_email <> '' GROUP BY desk_id, deskbridge_fold(desk_email);
-- Of two with one name on a desk the older account has it; the other is looked at
-- again, and waits for an admin.
UPDATE accounts SET desk_email = '', desk_user_name = '', revision = CASE WHEN state = 'ready' THEN revision + 1 ELSE revision END,
	state = CASE WHEN state = 'ready' THEN 'waiting' ELSE state END
WHERE desk_email <> '' AND id NOT IN (SELECT account_id FROM account_names);

-- +goose Down
DROP TABLE account_names;
ALTER TABLE accounts DROP COLUMN desk_user_name;
ALTER TABLE accounts DROP COLUMN desk_email;
ALTER TABLE accounts DROP COLUMN user_name;
