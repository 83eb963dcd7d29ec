// Package sso lets people sign in, keeps them signed in, and hands their
// sign-in on.
//
// It is the HTTP side of signing in: pages, cookies, redirects and limits. The
// protocols are spoken by sso/saml and sso/oidc, which judge every message;
// who somebody is, whether they may come in, and when their session ends, the
// core decides. Nothing here has a way of its own around it.
//
// A sign-in is three requests: one that sends the browser to the identity
// provider and keeps a ticket, bound to that browser; the answer; and for
// SAML, whose answer comes from another site and therefore without cookies, a
// request of our own that finishes it.
package sso
