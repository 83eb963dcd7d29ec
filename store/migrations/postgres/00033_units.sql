-- +goose Up
-- What the name of a team or mailbox in rules means on a desk: the one with this
-- id, whatever the desk calls it by now.
CREATE TABLE desk_units (
	desk_id TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	kind    TEXT COLLATE "C" NOT NULL, -- team or mailbox
	folded  TEXT COLLATE "C" NOT NULL, -- the name, as names are compared
	name    TEXT COLLATE "C" NOT NULL,
	unit_id TEXT COLLATE "C" NOT NULL,
	shown   TEXT COLLATE "C" NOT NULL, -- '' when it is gone
	other   TEXT COLLATE "C" NOT NULL, -- another one that has the name; '' when none has
	at      BIGINT NOT NULL,
	PRIMARY KEY (desk_id, kind, folded)
);

-- +goose Down
DROP TABLE desk_units;
