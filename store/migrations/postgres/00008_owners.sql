-- +goose Up
-- Who can sign in when no identity provider works.
CREATE TABLE owners (
	id         TEXT COLLATE "C" PRIMARY KEY,
	name       TEXT COLLATE "C" NOT NULL,
	password   TEXT   NOT NULL, -- argon2id
	secret     TEXT   NOT NULL, -- of the one-time codes; sealed
	recovery   JSON   NOT NULL, -- hashes of the codes that are left
	last_step  BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	used_at    BIGINT
);
CREATE UNIQUE INDEX owners_name ON owners (name);
-- An admin looks up the reference on an error page.
CREATE INDEX audit_refusals ON audit (subject) WHERE action = 'login.refused';

-- +goose Down
DROP INDEX audit_refusals;
DROP TABLE owners;
