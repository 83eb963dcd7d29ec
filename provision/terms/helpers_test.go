package terms_test

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
)

var questionOfAccess = explanation.Question{}

func signInOf(name string) signin.SignInRequest {
	return signin.SignInRequest{Login: provisiontest.LoginOf(name), NotAfter: time.Now().AddDate(1, 0, 0)}
}

func person(h *provisiontest.Harness, id provision.IdentityID) provision.Identity {
	h.Helper()
	p, err := h.Core.Directory.Identity(h.Context(), h.Conn.ID, id)
	h.Must(err)
	return p
}

func renamed(name string) func(*directory.GroupChange) {
	return func(c *directory.GroupChange) { c.DisplayName = name }
}
