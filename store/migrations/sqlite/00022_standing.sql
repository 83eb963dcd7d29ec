-- +goose Up
-- Why a desk is not called, for programs. A default, because a release of
-- before may write pauses on this schema.
ALTER TABLE pauses ADD COLUMN reason_code TEXT NOT NULL DEFAULT '';

-- Why a desk's hand-over policy names nobody who can take over, as a check or a
-- run last found it.
CREATE TABLE hand_over_problems (
	desk_id  TEXT PRIMARY KEY REFERENCES desks (id),
	policy   TEXT NOT NULL, -- that it is about, JSON
	reason   TEXT NOT NULL,
	found_at INTEGER NOT NULL
);

-- Whose access is to end and has not ended; the few of all who ever left.
CREATE INDEX accounts_leaving ON accounts (ending_since, id) WHERE ending_since IS NOT NULL AND state <> 'ended';

-- +goose Down
DROP INDEX accounts_leaving;
DROP TABLE hand_over_problems;
ALTER TABLE pauses DROP COLUMN reason_code;
