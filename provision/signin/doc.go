// Package signin finds the person behind a verified login, links the two, or
// makes the person where the connection may. A sign-in never revives anybody
// who was suspended or removed, and changes nothing of people whom SCIM
// describes.
//
// Package sso verifies what identity providers send; what it verified comes
// here as a [provision.Login].
package signin
