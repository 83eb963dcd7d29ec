// Package oidc signs people in through an OpenID provider, and hears from the
// provider when they have signed out.
//
// [Discover] asks an issuer for its metadata and makes a [RelyingParty] of it.
// For each sign-in its user keeps an [Attempt], bound to the browser, sends the
// browser to [RelyingParty.AuthURL], and hands the query that comes back to
// [RelyingParty.Callback], which returns what the provider says of the person
// as a [Token]. [RelyingParty.LogoutToken] reads a back-channel logout, and
// [RelyingParty.EndSessionURL] is where a browser goes that signs out.
//
// Only the authorization code flow is spoken, always with PKCE, nonce and
// state (RFC 9700 §2.1). Whatever is not exactly right is a [Refusal] with a
// stable reason.
//
// The package knows neither accounts, nor sessions, nor databases: which
// attempt is pending, whether a code or a logout token comes a second time, and
// whom a token belongs to is for its user to say. It writes no log, and its
// errors hold neither tokens nor personal data.
package oidc
