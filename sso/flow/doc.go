// Package flow takes people through a sign-in: from the form that asks for their
// address to the session.
//
// A sign-in is three requests: one that sends the browser to the identity
// provider and keeps a one-time token, bound to that browser; the answer; and
// for SAML, whose answer comes from another site and therefore without cookies,
// a request of our own that finishes it. The package decides that an answer
// belongs to the browser that asked, and what the claims in it mean.
//
// Whether an answer is genuine, sso/saml and sso/oidc decide; who somebody is
// and whether they may come in, the core does.
package flow
