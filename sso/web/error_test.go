package web

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// TestRefusalOf walks the kinds of errors that a sign-in comes to.
func TestRefusalOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int // 0: an error of our own
		reason string
		detail string
		person bool // the page says more than that it did not work
	}{
		{"a SAML message", &saml.Refusal{Reason: saml.ReasonSize, Detail: "too large"}, http.StatusBadRequest, string(saml.ReasonSize), "too large", false},
		{"a message of OpenID Connect", &oidc.Refusal{Reason: oidc.ReasonState, Detail: "no state"}, http.StatusBadRequest, oidc.ReasonState, "no state", false},
		{"what the provider says itself", &oidc.Refusal{Reason: oidc.ReasonProviderError, Detail: "it refused", Code: "access_denied"},
			http.StatusBadRequest, oidc.ReasonProviderError, "it refused (access_denied)", true},
		{"what cannot be fetched", &fetch.Error{}, http.StatusBadRequest, "fetch", (&fetch.Error{}).Error(), false},
		{"somebody who may not come in", &provision.Error{Code: provision.Denied, Reason: provision.RefusedSuspended, Detail: "suspended"},
			http.StatusForbidden, provision.RefusedSuspended, "suspended", true},
		{"an answer that nobody waits for", &provision.Error{Code: provision.NotFound}, http.StatusBadRequest, "pending",
			"no sign-in is under way here that this answer belongs to: it was used, is older than allowed, or began in another browser", false},
		{"what the core does not take", &provision.Error{Code: provision.Invalid, Detail: "no"}, http.StatusBadRequest, "invalid",
			(&provision.Error{Code: provision.Invalid, Detail: "no"}).Error(), false},
		{"a conflict", &provision.Error{Code: provision.Conflict}, 0, "", "", false},
		{"any other error", errors.New("the database is away"), 0, "", "", false},
	} {
		f, outside := refusalOf(fmt.Errorf("while signing in: %w", tt.err))
		if outside != (tt.status != 0) || f.Status != tt.status || f.Reason != tt.reason || f.Detail != tt.detail || (f.Person != "") != tt.person {
			t.Errorf("%s: %+v, %t", tt.name, f, outside)
		}
	}
}
