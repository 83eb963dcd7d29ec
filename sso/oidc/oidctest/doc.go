// Package oidctest is an OpenID provider for tests that can be made to lie in
// every way that a provider, or somebody between it and us, could.
//
// [New] starts one on loopback that behaves well: discovery, authorization
// (which signs in [Provider.User] at once, without a page), tokens, keys,
// userinfo, end of session, and logout tokens. The exported fields of
// [Provider] change what it says. [Cases] are the attacks and the sound but
// unusual sign-ins that a relying party has to tell apart, each as a change to
// a provider, to be run against the protocol alone or against the whole of a
// server over HTTP.
package oidctest
