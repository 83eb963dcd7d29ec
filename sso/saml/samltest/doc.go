// Package samltest is an identity provider that forges: it says, signs and
// encrypts whatever a test wants, and holds the attacks on SAML that are known
// as tables, [Cases] and [LogoutCases].
//
// A case builds the form that a browser posts, from the request that is
// pending. So it can be run against a service provider in memory, or against a
// server over HTTP.
package samltest
