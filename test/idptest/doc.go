// Package idptest runs real identity providers in tests: SimpleSAMLphp and
// LemonLDAP::NG for SAML, oidc-provider, Dex and again LemonLDAP::NG for OpenID
// Connect.
//
// Each belongs to one test, knows the people whom the test names, and trusts
// nobody until the test says whom, as an administrator would: by the metadata
// of a service provider, or as a registered client. They listen on loopback
// only and sign people in on pages of their own.
//
// What they are asked and what becomes of their answers, the package does not
// know. `make test` installs them; see test/signin.sh.
package idptest
