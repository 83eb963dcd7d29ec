// Package client knows the identity providers of the connections: what admins
// say of them, what they publish of themselves, and the IdP client of each.
//
// It decides which settings are valid, when metadata and discovery documents
// are fetched again, which new metadata may be taken over without an admin, and
// what an admin is warned of. It has our own keys, by which identity providers
// know us, and publishes them.
//
// It signs nobody in, and knows neither pages nor browsers.
package client
