// Package portal is for people who are signed in, and for who asks whether they
// are: reverse proxies and programs.
//
// It says who is signed in, where they have an account and how far those that
// are being made have come, and ends sessions that somebody has elsewhere. It
// knows neither SAML nor OpenID Connect.
package portal
