// Package scim is the SCIM 2.0 service provider (RFC 7643, RFC 7644, RFC 9865):
// the door through which identity providers describe people and groups.
//
// It reads what an identity provider sends, in every dialect it is known to
// use, turns it into one canonical document and the fields that the core works
// with, makes one call into [provision.Service], and represents the answer.
// Schemas, the grammar of filters and paths and the error type come from
// github.com/elimity-com/scim; what that library leaves out (routing, limits,
// lenient reading, PATCH, representation, bulk requests, searches, cursors) is
// here. What only one identity provider needs is in quirks.go.
//
// The package decides nothing about access, and knows neither SQL nor any help
// desk.
package scim
