-- +goose Up

-- What programs go by, beside the sentence for people. A release that does not
-- know of it leaves it empty.
ALTER TABLE accounts ADD COLUMN reason_code TEXT NOT NULL DEFAULT '';
UPDATE accounts SET reason_code = CASE
	WHEN state = 'held' THEN 'mass-change'
	WHEN state = 'waiting' THEN CASE
		WHEN reason LIKE '% is not called for now: %' THEN 'desk-paused'
		WHEN reason LIKE '% refuses our credentials: %' THEN 'unauthorized'
		WHEN reason = 'the visit was interrupted' THEN 'interrupted'
		ELSE 'failed' END
	WHEN reason LIKE 'no seat left on %' THEN 'seat'
	WHEN reason LIKE 'given up after many attempts; %' THEN 'gave-up'
	WHEN reason LIKE 'an admin has to do this by hand: %' THEN 'by-hand'
	WHEN reason LIKE 'desk % cannot be used: %' THEN 'desk-unusable'
	WHEN reason LIKE 'another person in Deskbridge already holds that user on %' THEN 'user-taken'
	WHEN reason LIKE 'desk user % is the service account that Deskbridge itself uses on %' THEN 'self'
	WHEN reason LIKE 'desk user % is the owner of %' THEN 'owner'
	WHEN reason LIKE 'desk user % is the last admin of %' THEN 'last-admin'
	WHEN reason LIKE '% already has a user % for this person%' THEN 'adoption'
	ELSE 'refused' END
WHERE reason <> '' AND state IN ('held', 'waiting', 'parked');
-- Whom a free seat, or the end of a pause, has visited; by id, which is by age.
CREATE INDEX accounts_reason ON accounts (desk_id, reason_code, id) WHERE reason_code <> '';

-- +goose Down
DROP INDEX accounts_reason;
ALTER TABLE accounts DROP COLUMN reason_code;
