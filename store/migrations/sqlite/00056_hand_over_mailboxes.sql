-- +goose Up
-- Why the rule of a mailbox in a desk's hand-over policy names nobody who can take
-- over; of the general one, hand_over_problems says it. A release of before, which
-- knows nothing of it, may delete desks: hence the cascade.
CREATE TABLE hand_over_mailbox_problems (
	desk_id  TEXT NOT NULL REFERENCES desks (id) ON DELETE CASCADE,
	mailbox  TEXT NOT NULL, -- as hand_over names it
	policy   TEXT NOT NULL, -- the rule that it is about, JSON
	reason   TEXT NOT NULL,
	found_at INTEGER NOT NULL,
	PRIMARY KEY (desk_id, mailbox)
);

-- +goose Down
DROP TABLE hand_over_mailbox_problems;
