-- +goose Up
-- What a seat of a desk costs, and when somebody is idle there and what follows; JSON.
-- Defaults, because a release of before may write desks on this schema.
ALTER TABLE desks ADD COLUMN seat_price TEXT NOT NULL DEFAULT '{}';
ALTER TABLE desks ADD COLUMN idle TEXT NOT NULL DEFAULT '{}';

-- How many seats of a desk were last seen to be taken, and how many people the idle
-- policy leaves to an admin. Deleting a desk is for a release of before, too: hence the
-- cascades.
CREATE TABLE seat_counts (
	desk_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES desks (id) ON DELETE CASCADE,
	used        BIGINT NOT NULL DEFAULT 0,
	seats       BIGINT NOT NULL DEFAULT 0,           -- 0: the desk does not tell
	counted_by  TEXT COLLATE "C" NOT NULL DEFAULT '', -- desk or list; '' for nobody yet
	counted_at  BIGINT NOT NULL DEFAULT 0,
	proposed    BIGINT NOT NULL DEFAULT 0,
	held        BIGINT NOT NULL DEFAULT 0,            -- 1: by mass-change protection
	proposed_at BIGINT NOT NULL DEFAULT 0
);

-- What a desk tells of when its users were there.
CREATE TABLE desk_activity (
	account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
	desk_id    TEXT COLLATE "C" NOT NULL REFERENCES desks (id) ON DELETE CASCADE,
	last_at    BIGINT,          -- null: never
	told_at    BIGINT NOT NULL
);
CREATE INDEX desk_activity_desk ON desk_activity (desk_id);

-- +goose Down
DROP TABLE desk_activity;
DROP TABLE seat_counts;
ALTER TABLE desks DROP COLUMN idle;
ALTER TABLE desks DROP COLUMN seat_price;
