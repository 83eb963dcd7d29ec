// Package scim is the SCIM 2.0 service provider over HTTP (RFC 7644, RFC 9865):
// identity providers send it people and groups.
//
// A request passes authentication, the limits and [handler.checkRequest], and is
// then decoded, answered by one call into the core, and encoded. scim/resource
// knows what is in documents, scim/filter reads filters and paths, scim/patch
// applies PATCH; routes, tokens, lists, searches, cursors, bulk requests, discovery
// and entity tags are here. Whatever goes wrong, [toSCIM] makes the answer of it:
// the errors of scim/scimerr pass as they are, those of the core are mapped.
// Schemas and the form of errors come from github.com/elimity-com/scim.
//
// The package decides nothing about access, and knows neither SQL nor any help
// desk.
package scim
