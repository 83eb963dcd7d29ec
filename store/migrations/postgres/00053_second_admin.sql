-- +goose Up
-- What takes access from many and one admin has asked for: another has to confirm it.
-- Rows live for a day or so, and die with what they were about.
CREATE TABLE second_admin_requests (
	id       TEXT COLLATE "C" PRIMARY KEY,
	kind     TEXT NOT NULL,
	request  TEXT COLLATE "C" NOT NULL UNIQUE, -- what is asked for: a hash
	digest   TEXT NOT NULL, -- of what it takes away
	subject  TEXT NOT NULL, -- id of a connection or desk, hash of a plan
	people   TEXT NOT NULL, -- ids, JSON: who was named
	what     TEXT NOT NULL, -- in words
	accounts BIGINT NOT NULL,
	asked_by TEXT NOT NULL, -- actor
	behind   TEXT NOT NULL, -- actor whose the token is
	asked_at BIGINT NOT NULL,
	until_at BIGINT NOT NULL
);

-- One row: whether two admins were needed when that was last noted in the audit log.
CREATE TABLE second_admin (
	id       BIGINT PRIMARY KEY,
	needed   BIGINT NOT NULL,
	noted_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE second_admin;
DROP TABLE second_admin_requests;
