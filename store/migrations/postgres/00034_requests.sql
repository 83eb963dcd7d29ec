-- +goose Up
-- What identity providers and browsers asked for and were answered: meaning, no
-- bodies, people by id. Rows go after a time; nothing rests on them.
CREATE TABLE requests (
	id            TEXT COLLATE "C" PRIMARY KEY,
	at            BIGINT NOT NULL,
	micros        BIGINT NOT NULL,
	connection_id TEXT COLLATE "C" NOT NULL, -- '' when it is not known
	token         TEXT COLLATE "C" NOT NULL,
	method        TEXT COLLATE "C" NOT NULL,
	route         TEXT COLLATE "C" NOT NULL,
	verb          TEXT COLLATE "C" NOT NULL,
	detail        TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL,
	group_id      TEXT COLLATE "C" NOT NULL,
	holder_id     TEXT COLLATE "C" NOT NULL,
	status        BIGINT NOT NULL,
	code          TEXT COLLATE "C" NOT NULL,
	reason        TEXT COLLATE "C" NOT NULL,
	address       TEXT COLLATE "C" NOT NULL,
	entries       BIGINT NOT NULL,
	accounts      BIGINT NOT NULL
);
CREATE INDEX requests_at ON requests (at, id);
CREATE INDEX requests_refused ON requests (at, id) WHERE status >= 400;
CREATE INDEX requests_connection ON requests (connection_id, at, id);
CREATE INDEX requests_connection_refused ON requests (connection_id, at, id) WHERE status >= 400;
CREATE INDEX requests_identity ON requests (identity_id, at, id) WHERE identity_id <> '';

-- +goose Down
DROP TABLE requests;
