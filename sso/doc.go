// Package sso is the front of signing in: the mux of what its rooms serve, and
// the one place that every request passes before a room sees it.
//
// It decides how often one address may ask, which requests of other sites are
// refused, and which headers each answer has. Rooms say in tables of [web.Route]
// what they serve, and what is to be checked; they cannot serve anything else.
//
//   - flow takes people through a sign-in, from the form to the session;
//   - client knows the identity providers: settings, metadata, keys, warnings;
//   - portal is for who is signed in, and for reverse proxies that ask;
//   - logout ends sessions, at the word of people and of identity providers;
//   - breakglass is the way in for when nobody can sign in any more;
//   - web is the ground of these: pages, cookies, refusals;
//   - limit counts what is asked.
//
// The protocols are spoken by sso/saml and sso/oidc, which judge every message;
// who somebody is, whether they may come in, and when their session ends, the
// core decides. Nothing here has a way of its own around it.
package sso
