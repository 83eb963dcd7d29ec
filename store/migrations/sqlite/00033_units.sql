-- +goose Up
-- What the name of a team or mailbox in rules means on a desk: the one with this
-- id, whatever the desk calls it by now.
CREATE TABLE desk_units (
	desk_id TEXT NOT NULL REFERENCES desks (id),
	kind    TEXT NOT NULL, -- team or mailbox
	folded  TEXT NOT NULL, -- the name, as names are compared
	name    TEXT NOT NULL,
	unit_id TEXT NOT NULL,
	shown   TEXT NOT NULL, -- '' when it is gone
	other   TEXT NOT NULL, -- another one that has the name; '' when none has
	at      INTEGER NOT NULL,
	PRIMARY KEY (desk_id, kind, folded)
);

-- +goose Down
DROP TABLE desk_units;
