-- +goose Up
-- Since when the people of a connection who are known by sign-in alone have to sign in
-- now and then, and when somebody of it last did.
CREATE TABLE sign_in_expiry (
	connection_id TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
	expiry        INTEGER NOT NULL, -- microseconds; the setting of which this is kept
	since         INTEGER NOT NULL, -- nobody had to sign in before
	last          INTEGER NOT NULL  -- the newest sign-in of the connection, when it was last looked at
) STRICT;

-- What an identity provider gave with a sign-in, by which it is asked whether it still
-- vouches for the person. It goes with the login.
CREATE TABLE sign_in_grants (
	connection_id TEXT NOT NULL,
	protocol      TEXT NOT NULL,
	issuer        TEXT NOT NULL,
	subject       TEXT NOT NULL,
	identity_id   TEXT NOT NULL,
	client        TEXT NOT NULL, -- the client id that it was given to
	token         TEXT NOT NULL, -- the refresh token, sealed
	generation    INTEGER NOT NULL, -- one more with each token and each use
	asked_at      INTEGER, -- when a use of the token began whose end is not known; null: none did
	vouched_at    INTEGER NOT NULL, -- when the identity provider last vouched for the person
	next_at       INTEGER NOT NULL,
	attempts      INTEGER NOT NULL, -- that have failed since
	problem       TEXT NOT NULL, -- of the last one; '' for none
	PRIMARY KEY (connection_id, protocol, issuer, subject),
	FOREIGN KEY (connection_id, protocol, issuer, subject) REFERENCES logins (connection_id, protocol, issuer, subject) ON DELETE CASCADE
) STRICT;
CREATE INDEX sign_in_grants_next ON sign_in_grants (connection_id, next_at);
CREATE INDEX sign_in_grants_identity ON sign_in_grants (identity_id);
CREATE INDEX logins_used ON logins (connection_id, used_at);

-- The SCIM attribute by which an identity provider says when somebody's access ends, and
-- the one by which everybody has been looked at.
ALTER TABLE connections ADD COLUMN valid_until TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN valid_until_read TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE connections DROP COLUMN valid_until_read;
ALTER TABLE connections DROP COLUMN valid_until;
DROP INDEX logins_used;
DROP TABLE sign_in_grants;
DROP TABLE sign_in_expiry;
