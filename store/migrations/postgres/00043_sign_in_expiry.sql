-- +goose Up
-- Since when the people of a connection who are known by sign-in alone have to sign in
-- now and then, and when somebody of it last did.
CREATE TABLE sign_in_expiry (
	connection_id TEXT COLLATE "C" PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
	expiry        BIGINT NOT NULL, -- microseconds; the setting of which this is kept
	since         BIGINT NOT NULL, -- nobody had to sign in before
	last          BIGINT NOT NULL  -- the newest sign-in of the connection, when it was last looked at
);

-- What an identity provider gave with a sign-in, by which it is asked whether it still
-- vouches for the person. It goes with the login.
CREATE TABLE sign_in_grants (
	connection_id TEXT COLLATE "C" NOT NULL,
	protocol      TEXT COLLATE "C" NOT NULL,
	issuer        TEXT COLLATE "C" NOT NULL,
	subject       TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL,
	client        TEXT COLLATE "C" NOT NULL, -- the client id that it was given to
	token         TEXT NOT NULL, -- the refresh token, sealed
	generation    BIGINT NOT NULL, -- one more with each token and each use
	asked_at      BIGINT, -- when a use of the token began whose end is not known; null: none did
	vouched_at    BIGINT NOT NULL, -- when the identity provider last vouched for the person
	next_at       BIGINT NOT NULL,
	attempts      BIGINT NOT NULL, -- that have failed since
	problem       TEXT NOT NULL, -- of the last one; '' for none
	PRIMARY KEY (connection_id, protocol, issuer, subject),
	FOREIGN KEY (connection_id, protocol, issuer, subject) REFERENCES logins (connection_id, protocol, issuer, subject) ON DELETE CASCADE
);
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
DROP TABLE sign_in_grants, sign_in_expiry;
