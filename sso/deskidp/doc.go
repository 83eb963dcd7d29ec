// Package deskidp makes Deskbridge the identity provider of help desks: whoever is
// signed in here is signed in there, by SAML 2.0 or OpenID Connect, as long as
// they have an account on that desk.
//
// A [Handler] serves everything under /sso/idp/. Who sits at the browser, it
// asks a [Door]. Who may go in, in which role and to which teams, it asks the
// core: what people should have there and what the desk has confirmed. When
// somebody signs out, leaves or loses access, [Handler.Run] ends their sessions
// at desks, and tells those desks that can hear it.
//
// SAML requests are read by package saml, and answers made by crewjam/saml.
// OpenID Connect is the code flow and nothing else: no other response type, no
// refresh tokens, no request objects; go-jose signs and reads tokens. Addresses
// are compared byte for byte with what an admin entered, and an answer goes
// nowhere else; what can be used once is kept in the database, so that any
// number of replicas serve one sign-in.
//
// The package knows neither how people sign in here, nor pages, nor cookies,
// nor the database, nor how to write to a desk.
package deskidp
