// Package breakglass is the way in for when nobody can sign in any more: a name,
// a password and a code, without an identity provider.
//
// It decides how often strangers may try, tells everybody of each try, and shows
// whoever got in how sign-in is doing. Whether a password is right, the core
// decides.
package breakglass
