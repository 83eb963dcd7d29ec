package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/session"
)

func TestSessions(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Open(&provision.JIT{Create: true}, "example.test")
		in, err := h.SignIn(provisiontest.LoginOf("ann"))
		h.Must(err)
		start := func(old string) string {
			h.Helper()
			_, secret, err := h.Core.Sessions.StartSession(h.Context(), provisiontest.ByTest, provision.Session{Identity: in.Person.ID, Connection: h.Conn.ID,
				Protocol: provision.ProtocolOIDC, Issuer: provisiontest.Issuer, Subject: "sub-ann", Index: "sid-1"}, time.Time{}, old)
			h.Must(err)
			return secret
		}
		live := func(secret string, want bool) {
			h.Helper()
			_, person, _, err := h.Core.Sessions.Session(h.Context(), secret)
			if want && (err != nil || person.ID != in.Person.ID) {
				t.Errorf("Session: %v, %v; want ann", person.ID, err)
			}
			if !want {
				h.Code(err, provision.Denied)
			}
		}
		first := start("")
		live(first, true)
		second := start(first) // a new sign-in in the same browser
		live(first, false)
		live(second, true)
		live("nonsense", false)
		third := start("")
		ended, err := h.Core.Sessions.EndSessions(h.Context(), provisiontest.ByTest, provision.SessionFilter{Connection: h.Conn.ID, Issuer: provisiontest.Issuer, Index: "sid-1"}, provision.EndedByIdP)
		h.Must(err)
		if len(ended) != 2 {
			t.Errorf("%d sessions ended, want 2", len(ended))
		}
		live(second, false)
		live(third, false)

		fourth := start("")
		h.Offset.Add(int64(119 * time.Minute))
		live(fourth, true)
		h.Offset.Add(int64(119 * time.Minute))
		live(fourth, true) // used in between
		h.Offset.Add(int64(121 * time.Minute))
		live(fourth, false)

		fifth := start("")
		_, err = h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, in.Person.ID, provisiontest.ByTest, func(id *provision.Identity) error {
			id.Status = provision.StatusSuspended
			return nil
		})
		h.Must(err)
		live(fifth, false)
		_, _, err = h.Core.Sessions.StartSession(h.Context(), provisiontest.ByTest, provision.Session{Identity: in.Person.ID, Connection: h.Conn.ID}, time.Time{}, "")
		h.Code(err, provision.Denied)
		open, err := h.Core.Sessions.Sessions(h.Context(), provision.SessionFilter{Identity: in.Person.ID}, 0)
		h.Must(err)
		if len(open) != 0 {
			t.Errorf("%d sessions of a suspended person are open", len(open))
		}
	})
}

// TestSecretsOfKindsBeginDifferently keeps secret scanners right: a session's
// secret must not pass for a token of an identity provider, nor the reverse.
func TestSecretsOfKindsBeginDifferently(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		_, token, err := h.Core.Tokens.DraftToken(h.Context(), provisiontest.ByTest, h.Conn.ID, credential.TokenDraft{Name: "scim"})
		h.Must(err)
		seen := map[string]string{}
		for kind, secret := range map[string]string{"token": token, "session": session.NewCookie()} {
			prefix, _, found := strings.Cut(secret, "_")
			if other := seen[prefix]; !found || other != "" {
				t.Errorf("the secret of a %s begins with %q, as that of a %s", kind, prefix, other)
			}
			seen[prefix] = kind
		}
	})
}
