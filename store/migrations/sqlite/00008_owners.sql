-- +goose Up
-- Who can sign in when no identity provider works.
CREATE TABLE owners (
	id         TEXT    PRIMARY KEY,
	name       TEXT    NOT NULL,
	password   TEXT    NOT NULL, -- argon2id
	secret     TEXT    NOT NULL, -- of the one-time codes; sealed
	recovery   TEXT    NOT NULL, -- hashes of the codes that are left
	last_step  INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	used_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX owners_name ON owners (name);
-- An admin looks up the reference on an error page.
CREATE INDEX audit_refusals ON audit (subject) WHERE action = 'login.refused';

-- +goose Down
DROP INDEX audit_refusals;
DROP TABLE owners;
