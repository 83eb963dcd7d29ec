-- +goose Up
-- The protocol is part of what somebody is known by: a SAML entity ID and an
-- OpenID issuer may be the same text, and what stands for a person in the one
-- may stand for somebody else in the other.
ALTER TABLE logins DROP CONSTRAINT logins_pkey;
ALTER TABLE logins ADD PRIMARY KEY (connection_id, protocol, issuer, subject);

-- +goose Down
DELETE FROM logins l WHERE EXISTS (SELECT FROM logins o
	WHERE o.connection_id = l.connection_id AND o.issuer = l.issuer AND o.subject = l.subject AND o.protocol > l.protocol);
ALTER TABLE logins DROP CONSTRAINT logins_pkey;
ALTER TABLE logins ADD PRIMARY KEY (connection_id, issuer, subject);
