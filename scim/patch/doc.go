// Package patch applies PATCH requests to documents (RFC 7644 §3.5.2).
//
// [Read] reads the message; [User] and [Group] apply its operations, all or none:
// they may have changed what they were given when they fail, and the caller drops
// it then. Where clients are known to depart from the standard and mean something
// plain, it is done: names and op in any letter case, values as lists of one,
// paths as names of attributes in the value.
//
// The package knows neither HTTP nor the store; the members of a group, of which
// there may be a hundred thousand, it changes through [Members].
package patch
