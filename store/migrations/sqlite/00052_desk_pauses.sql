-- +goose Up
-- Desks that an admin has not be called for a while. A release of before, which knows
-- nothing of it, may delete desks: hence the cascade.
CREATE TABLE desk_pauses (
	desk_id  TEXT PRIMARY KEY REFERENCES desks (id) ON DELETE CASCADE,
	since_at INTEGER NOT NULL,
	until_at INTEGER NOT NULL,
	reason   TEXT NOT NULL, -- as the admin wrote it
	made_by  TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE desk_pauses;
