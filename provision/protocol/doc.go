// Package protocol holds the options of the protocols by which people sign in
// and identity providers get in: of a connection's [SAML], [OIDC] and [JWT],
// and of a desk's sign-in through Deskbridge ([DeskSignIn]).
//
// Each struct is what stands in access.yaml, what the database keeps as JSON,
// and what the code reads: an option has one field, and one name. The package
// decides what can be said of an option without knowing more than it; whether
// metadata can be read, or an address be asked, is decided by those who speak
// the protocol. It imports nothing else of Deskbridge.
package protocol
