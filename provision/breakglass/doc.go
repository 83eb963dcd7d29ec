// Package breakglass is the way in when no identity provider works: a few
// admins with a password, one-time codes (RFC 6238) and recovery codes. Nothing
// else here has a password.
//
// Every refusal is the same to who is refused, takes as long, and stands in the
// audit log.
package breakglass
