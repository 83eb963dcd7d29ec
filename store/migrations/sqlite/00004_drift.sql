-- +goose Up
-- Defaults, because a release of before may write desks on this schema.
ALTER TABLE desks ADD COLUMN drift TEXT NOT NULL DEFAULT '';
ALTER TABLE desks ADD COLUMN rate REAL NOT NULL DEFAULT 0;

CREATE TABLE sweeps (
	desk_id     TEXT    PRIMARY KEY REFERENCES desks (id),
	next_at     INTEGER NOT NULL,
	lease_until INTEGER,
	after_id    TEXT    NOT NULL, -- of an account
	started_at  INTEGER,
	finished_at INTEGER,
	checked     INTEGER NOT NULL,
	drifted     INTEGER NOT NULL,
	problem     TEXT    NOT NULL
) STRICT;

CREATE TABLE drifts (
	account_id TEXT    PRIMARY KEY REFERENCES accounts (id),
	desk_id    TEXT    NOT NULL REFERENCES desks (id),
	revision   INTEGER NOT NULL,
	found_at   INTEGER NOT NULL,
	steps      TEXT    NOT NULL,
	reason     TEXT    NOT NULL
) STRICT;
CREATE INDEX drifts_desk ON drifts (desk_id);

CREATE TABLE pauses (
	desk_id  TEXT    PRIMARY KEY REFERENCES desks (id),
	since_at INTEGER NOT NULL,
	until_at INTEGER NOT NULL,
	reason   TEXT    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE pauses;
DROP TABLE drifts;
DROP TABLE sweeps;
ALTER TABLE desks DROP COLUMN rate;
ALTER TABLE desks DROP COLUMN drift;
