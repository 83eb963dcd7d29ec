-- +goose Up
-- The protocol is part of what somebody is known by: a SAML entity ID and an
-- OpenID issuer may be the same text, and what stands for a person in the one
-- may stand for somebody else in the other. SQLite changes no primary key, so
-- the table is made anew.
CREATE TABLE logins_by_protocol (
	connection_id TEXT NOT NULL REFERENCES connections (id),
	issuer        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	protocol      TEXT NOT NULL,
	identity_id   TEXT NOT NULL REFERENCES identities (id),
	created_at    INTEGER NOT NULL,
	used_at       INTEGER NOT NULL,
	PRIMARY KEY (connection_id, protocol, issuer, subject)
) STRICT;
INSERT INTO logins_by_protocol (connection_id, issuer, subject, protocol, identity_id, created_at, used_at)
	SELECT connection_id, issuer, subject, protocol, identity_id, created_at, used_at FROM logins;
DROP TABLE logins;
ALTER TABLE logins_by_protocol RENAME TO logins;
CREATE INDEX logins_identity ON logins (identity_id);

-- +goose Down
CREATE TABLE logins_by_issuer (
	connection_id TEXT NOT NULL REFERENCES connections (id),
	issuer        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	protocol      TEXT NOT NULL,
	identity_id   TEXT NOT NULL REFERENCES identities (id),
	created_at    INTEGER NOT NULL,
	used_at       INTEGER NOT NULL,
	PRIMARY KEY (connection_id, issuer, subject)
) STRICT;
INSERT OR IGNORE INTO logins_by_issuer (connection_id, issuer, subject, protocol, identity_id, created_at, used_at)
	SELECT connection_id, issuer, subject, protocol, identity_id, created_at, used_at FROM logins ORDER BY protocol DESC;
DROP TABLE logins;
ALTER TABLE logins_by_issuer RENAME TO logins;
CREATE INDEX logins_identity ON logins (identity_id);
