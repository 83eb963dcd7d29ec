// Package deskidp makes Deskbridge the identity provider of help desks: whoever is
// signed in here is signed in there, by SAML 2.0 or OpenID Connect, as long as
// they have an account on that desk.
//
// A [Handler] serves everything under /sso/idp/. Package oidc and package saml
// below speak the protocols; package site has what both stand on. Who sits at
// the browser, they ask a [site.Portal]. Who may go in, in which role and to which
// teams, they ask the core: what people should have there and what the desk has
// confirmed. When somebody signs out, leaves or loses access, [Handler.Run] ends
// their desk sessions, and sends logout notices to those desks that take them.
//
// Addresses are compared byte for byte with what an admin entered, and an answer
// goes nowhere else; what can be used once is kept in the database, so that any
// number of replicas serve one sign-in.
//
// The package knows neither how people sign in here, nor pages of theirs, nor
// cookies, nor the database, nor how to write to a desk.
package deskidp
