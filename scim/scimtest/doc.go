// Package scimtest replays recorded conversations of identity providers
// against a SCIM 2.0 server.
//
// A trace is a JSON file with one scenario: what one identity provider does in
// one situation, request by request, and what it needs back. Requests go out
// in their exact wire form: + stays +, a trailing ? stays, the names of a body
// keep their order. [Replay] runs a folder of traces as subtests; with strict
// it checks the rules of the protocol on every answer as well.
//
// The package knows nothing about the server but its base URL and a token.
package scimtest
