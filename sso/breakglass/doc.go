// Package breakglass is the way in for when nobody can sign in any more: a name,
// a password and a code, without an identity provider.
//
// It limits the tries of strangers, logs each try as an error, and shows a
// break-glass admin how sign-in is doing. Whether a password is right, the core
// decides.
package breakglass
