-- +goose Up
-- How far the steps of a desk's on_leave are for an account whose access has ended, as
-- JSON, and when the next one is due. A release of before, which writes neither, takes a
-- policy of several steps for deactivate.
ALTER TABLE accounts ADD COLUMN leaving TEXT;
ALTER TABLE accounts ADD COLUMN leave_due INTEGER;
CREATE INDEX accounts_leave_due ON accounts (leave_due, id) WHERE leave_due IS NOT NULL;

-- +goose Down
DROP INDEX accounts_leave_due;
ALTER TABLE accounts DROP COLUMN leave_due;
ALTER TABLE accounts DROP COLUMN leaving;
