// Package scim is the connector to help desks that are SCIM 2.0 service
// providers (RFC 7643, RFC 7644): whatever takes people from an identity provider
// takes them from here.
//
// A user is a User, known by its id and by externalId, which is our external id; a
// team is a Group, by displayName; a role is a value of an attribute that the
// settings name. Conversations are no part of SCIM, and neither are mailboxes and
// sessions.
//
// Service providers differ in what they can do, and in whether they say so. What
// one says of itself (ServiceProviderConfig, ResourceTypes, Schemas) decides how it
// is asked; where it turns out to be otherwise, by a refusal or by an answer to
// something else, it is asked in another way. No answer to a write is believed, and
// no list that is shorter than it says.
package scim
