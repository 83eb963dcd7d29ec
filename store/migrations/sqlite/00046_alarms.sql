-- +goose Up
-- Who is told of what needs somebody, what that is, and what was sent of it.
CREATE TABLE alarm_targets (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	kind       TEXT NOT NULL,
	address    TEXT NOT NULL, -- sealed: a URL may hold a secret
	secret     TEXT NOT NULL, -- sealed; '' for mail
	created_by TEXT NOT NULL,
	created_at INTEGER NOT NULL
);

CREATE TABLE alarms (
	id         TEXT PRIMARY KEY, -- what it is about
	code       TEXT NOT NULL,
	connection TEXT NOT NULL,
	desk       TEXT NOT NULL,
	text       TEXT NOT NULL,
	remedy     TEXT NOT NULL,
	count      INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	told_at    INTEGER,
	gone_at    INTEGER
);

CREATE TABLE alarm_deliveries (
	id        TEXT PRIMARY KEY,
	target_id TEXT NOT NULL REFERENCES alarm_targets (id) ON DELETE CASCADE,
	alarm     TEXT NOT NULL, -- id of what it is about, which may be over; '' for a test
	event     TEXT NOT NULL,
	code      TEXT NOT NULL,
	text      TEXT NOT NULL,
	body      TEXT NOT NULL,
	at        INTEGER NOT NULL,
	state     TEXT NOT NULL,
	tries     INTEGER NOT NULL,
	next_at   INTEGER,
	answer    TEXT NOT NULL,
	ended_at  INTEGER
);
CREATE INDEX alarm_deliveries_target ON alarm_deliveries (target_id, id);
CREATE INDEX alarm_deliveries_next ON alarm_deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX alarm_deliveries_alarm ON alarm_deliveries (alarm) WHERE next_at IS NOT NULL;
CREATE INDEX alarm_deliveries_ended ON alarm_deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- +goose Down
DROP TABLE alarm_deliveries;
DROP TABLE alarms;
DROP TABLE alarm_targets;
