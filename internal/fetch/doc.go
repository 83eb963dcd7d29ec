// Package fetch asks servers on the internet for documents whose address an
// admin has written down: keys, discovery documents, metadata.
//
// Whoever can choose such an address must gain nothing by it. The client of
// [New] speaks https only, connects to public addresses only (looked at when
// the connection is made, so that a name cannot change its meaning after the
// check), follows no redirect, keeps no cookie, uses no proxy, and gives up
// after ten seconds or a megabyte. [KeySet] checks signatures against a JWKS
// that it fetches with such a client.
//
// The package knows neither OpenID Connect, nor SAML, nor SCIM, and none of
// our settings.
package fetch
