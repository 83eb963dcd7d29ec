// Package saml speaks the SAML 2.0 Web Browser SSO and Single Logout profiles
// as a service provider, for one identity provider at a time.
//
// A [ServiceProvider] is made from a [Config]: our own addresses and keys, and
// the metadata of the identity provider. It makes the messages that a browser
// carries there ([ServiceProvider.AuthnRequest],
// [ServiceProvider.SendLogoutRequest], [ServiceProvider.LogoutResponse]), and
// judges those that come back ([ServiceProvider.Answer],
// [ServiceProvider.LogoutRequest], [ServiceProvider.LogoutAnswer]).
//
// A message passes these gates in order, and fails at the first that it does
// not fit: size and encoding, a scan of its tokens before any tree is built,
// the shape of the tree, the signature, decryption, and at last what it says.
// Whatever is returned was read from the bytes that the signature covers, and
// from nothing else. Each refusal is a [Refusal] that says which gate it was.
//
// The package knows neither HTTP, nor sessions, nor accounts, and remembers
// nothing: who uses it keeps the pending requests (each good for one answer in
// one browser), and the ids of assertions and logout requests that were
// already used.
package saml
