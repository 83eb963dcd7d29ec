-- +goose Up
-- What identity providers and browsers asked for and were answered: meaning, no
-- bodies, people by id. Rows go after a time; nothing rests on them.
CREATE TABLE requests (
	id            TEXT PRIMARY KEY,
	at            INTEGER NOT NULL,
	micros        INTEGER NOT NULL,
	connection_id TEXT NOT NULL, -- '' when it is not known
	token         TEXT NOT NULL,
	method        TEXT NOT NULL,
	route         TEXT NOT NULL,
	verb          TEXT NOT NULL,
	detail        TEXT NOT NULL,
	identity_id   TEXT NOT NULL,
	group_id      TEXT NOT NULL,
	holder_id     TEXT NOT NULL,
	status        INTEGER NOT NULL,
	code          TEXT NOT NULL,
	reason        TEXT NOT NULL,
	address       TEXT NOT NULL,
	entries       INTEGER NOT NULL,
	accounts      INTEGER NOT NULL
);
CREATE INDEX requests_at ON requests (at, id);
CREATE INDEX requests_refused ON requests (at, id) WHERE status >= 400;
CREATE INDEX requests_connection ON requests (connection_id, at, id);
CREATE INDEX requests_connection_refused ON requests (connection_id, at, id) WHERE status >= 400;
CREATE INDEX requests_identity ON requests (identity_id, at, id) WHERE identity_id <> '';

-- +goose Down
DROP TABLE requests;
