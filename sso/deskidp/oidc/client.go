package oidc

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// jwtBearer is the client_assertion_type of private_key_jwt (RFC 7523 §2.2),
// which is not offered.
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticateClient returns the desk that sends a token request, once it has
// shown its secret: client_secret_basic, client_secret_post, or, for a public
// client, none (RFC 6749 §2.3.1, OpenID Connect Core §9). With an error it
// returns the desk that the request claims to come from, for the audit log.
func (h *Handler) authenticateClient(ctx context.Context, r *http.Request) (provision.Desk, error) {
	id, secret, err := credentials(r)
	if err != nil {
		return provision.Desk{}, err
	}
	desk, err := h.Core.Settings.DeskByClientID(ctx, id)
	if site.IsCode(err, provision.NotFound) {
		return provision.Desk{}, newProblem(invalidClient, "")
	}
	if err != nil {
		return provision.Desk{}, err
	}
	if o := desk.SignIn.OIDC; !o.Public && (o.ClientSecret == "" || !sameSecret(o.ClientSecret, secret)) {
		return desk, newProblem(invalidClient, "")
	}
	return desk, nil
}

// credentials returns what a client says of itself: in the header, where both
// parts are escaped once more, or in the form. A client uses one way a request
// (RFC 6749 §2.3): what stands in the form beside the header must say the same.
func credentials(r *http.Request) (id, secret string, err error) {
	switch kind := r.PostForm.Get("client_assertion_type"); {
	case kind == jwtBearer && r.PostForm.Get("client_assertion") != "":
		return "", "", newProblem(invalidClient, "Clients do not sign assertions here: show the client secret.")
	case kind != "":
		return "", "", newProblem(invalidRequest, "There is no such client_assertion_type, or no client_assertion.")
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		if id = r.PostForm.Get("client_id"); id == "" {
			return "", "", newProblem(invalidRequest, "Client credentials missing or malformed in both HTTP Authorization header and HTTP POST body.")
		}
		return id, r.PostForm.Get("client_secret"), nil
	}
	if id, err = url.QueryUnescape(name); err != nil {
		return "", "", newProblem(invalidRequest, "The client id in the HTTP authorization header could not be decoded from 'application/x-www-form-urlencoded'.")
	}
	if secret, err = url.QueryUnescape(password); err != nil {
		return "", "", newProblem(invalidRequest, "The client secret in the HTTP authorization header could not be decoded from 'application/x-www-form-urlencoded'.")
	}
	if contradicts(r.PostForm, "client_id", id) || contradicts(r.PostForm, "client_secret", secret) {
		return "", "", newProblem(invalidRequest, "The HTTP Authorization header and the form name different clients, or show different secrets.")
	}
	return id, secret, nil
}

// contradicts reports whether a form holds the parameter with another value.
func contradicts(form url.Values, parameter, value string) bool {
	return form.Has(parameter) && !sameSecret(value, form.Get(parameter))
}

// sameSecret compares digests, so that how long it takes says nothing of the
// secret, not even its length. Secrets are random and long: nothing slow is
// needed to keep somebody from guessing.
func sameSecret(want, got string) bool {
	return subtle.ConstantTimeCompare(provision.HashSecret(want), provision.HashSecret(got)) == 1
}
