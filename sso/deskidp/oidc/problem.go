package oidc

import (
	"net/http"
	"net/url"
	"strings"
)

// The errors that desks tell apart (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect
// Core §3.1.2.6).
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	unsupportedResponseMode = "unsupported_response_mode"
	loginRequired           = "login_required"
	requestNotSupported     = "request_not_supported"
	requestURINotSupported  = "request_uri_not_supported"
	registrationUnsupported = "registration_not_supported"
)

// descriptions say what the errors mean.
var descriptions = map[string]string{
	invalidRequest:          "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
	invalidClient:           "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).",
	invalidGrant:            "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.",
	invalidScope:            "The requested scope is invalid, unknown, or malformed.",
	unsupportedGrantType:    "The authorization grant type is not supported by the authorization server.",
	unsupportedResponseType: "The authorization server does not support obtaining a token using this method.",
	unsupportedResponseMode: "The authorization server does not support obtaining a response using this response mode.",
	loginRequired:           "The Authorization Server requires End-User authentication.",
	requestNotSupported:     "The OP does not support use of the request parameter.",
	requestURINotSupported:  "The OP does not support use of the request_uri parameter.",
	registrationUnsupported: "The OP does not support use of the registration parameter.",
}

// problem is what a desk is told is wrong with its request. Every other error
// is one of our own, and nobody outside is told about it.
type problem struct {
	code string // one of the above
	hint string // what exactly; may be empty. Nothing that came with the request is in it
}

// newProblem returns a problem as an error.
func newProblem(code, hint string) error { return &problem{code, hint} }

// Error implements error.
func (p *problem) Error() string { return strings.TrimSpace(p.code + " " + p.hint) }

// description is for whoever sets up the desk. RFC 6749 §5.2 allows neither
// quotation marks nor anything but ASCII in it.
func (p *problem) description() string { return strings.TrimSpace(descriptions[p.code] + " " + p.hint) }

// status is that of an answer to a program (RFC 6749 §5.2).
func (p *problem) status() int {
	if p.code == invalidClient {
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// query is the problem as a browser carries it to the desk.
func (p *problem) query() url.Values {
	return url.Values{"error": {p.code}, "error_description": {p.description()}}
}
