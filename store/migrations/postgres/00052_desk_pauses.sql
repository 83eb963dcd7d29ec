-- +goose Up
-- Desks that an admin has not be called for a while. A release of before, which knows
-- nothing of it, may delete desks: hence the cascade.
CREATE TABLE desk_pauses (
	desk_id  TEXT COLLATE "C" PRIMARY KEY REFERENCES desks (id) ON DELETE CASCADE,
	since_at BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	reason   TEXT NOT NULL, -- as the admin wrote it
	made_by  TEXT NOT NULL
);

-- +goose Down
DROP TABLE desk_pauses;
