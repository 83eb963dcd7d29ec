// Package logout ends sessions: at the word of the person, here and at the
// identity provider, and at the word of the identity provider (SAML single
// logout; OpenID Connect back-channel and front-channel logout).
//
// It decides whose word is good for which session. The protocols are spoken by
// sso/saml and sso/oidc, and which sessions a message ends besides those that
// are there, the core knows.
package logout
