// Package scimclient is a client of SCIM 2.0 service providers (RFC 7643, RFC 7644), of which
// nothing is known but what they say of themselves.
//
// [Client] reads resources and lists of them, and asks once in a while what the service
// provider can do ([Discovery]); where that turns out to be otherwise, by a refusal or by an
// answer to something else, it asks in another way. [Edits] are written by PATCH, or by PUT of
// the whole where there is no PATCH; [Groups] learns in which groups somebody is, and brings
// one member in or out. No list is believed that is shorter than it says.
//
// What is read is an [Object], as it came: what a caller does not know is sent back unchanged.
// The package knows no user and no role: what an attribute means is its caller's business.
package scimclient
