-- +goose Up
-- Defaults, because a release of before may write desks on this schema.
ALTER TABLE desks ADD COLUMN drift TEXT NOT NULL DEFAULT '';
ALTER TABLE desks ADD COLUMN rate DOUBLE PRECISION NOT NULL DEFAULT 0;

CREATE TABLE sweeps (
	desk_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES desks (id),
	next_at     BIGINT NOT NULL,
	lease_until BIGINT,
	after_id    TEXT COLLATE "C" NOT NULL, -- of an account
	started_at  BIGINT,
	finished_at BIGINT,
	checked     BIGINT NOT NULL,
	drifted     BIGINT NOT NULL,
	problem     TEXT    NOT NULL
);

CREATE TABLE drifts (
	account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id),
	desk_id    TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	revision   BIGINT NOT NULL,
	found_at   BIGINT NOT NULL,
	steps      TEXT    NOT NULL,
	reason     TEXT    NOT NULL
);
CREATE INDEX drifts_desk ON drifts (desk_id);

CREATE TABLE pauses (
	desk_id  TEXT COLLATE "C" PRIMARY KEY REFERENCES desks (id),
	since_at BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	reason   TEXT    NOT NULL
);

-- +goose Down
DROP TABLE pauses;
DROP TABLE drifts;
DROP TABLE sweeps;
ALTER TABLE desks DROP COLUMN rate;
ALTER TABLE desks DROP COLUMN drift;
