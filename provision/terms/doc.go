// Package terms keeps what admins say of one person over what the identity provider
// says of them ([provision.Terms]): that they are blocked, when their access ends, and
// that they are away. It decides what may be said, what follows at once, in the
// transaction in which it is said, and what follows when a date passes
// ([Service.Pass]), of people and of rules.
//
// What the terms mean for access is decided by [provision.Evaluate].
package terms
