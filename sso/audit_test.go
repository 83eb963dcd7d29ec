package sso_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// audited returns the newest audit entry with this action.
func (h *harness) audited(action provision.Action) (last provision.Entry) {
	h.Helper()
	h.must(h.core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Action == action {
			last = e
		}
		return nil
	}))
	if last.Action == "" {
		h.Fatalf("the audit log has no %s", action)
	}
	return last
}

// saysOf fails the test unless an entry tells this, and nothing that would sign
// somebody in, or say by name who they are.
func (h *harness) saysOf(e provision.Entry, want map[string]any) {
	h.Helper()
	text, err := json.Marshal(e.Detail)
	h.must(err)
	var got map[string]any
	h.must(json.Unmarshal(text, &got))
	delete(got, "session")
	if diff := cmp.Diff(want, got); diff != "" {
		h.Errorf("%s (-want +got):\n%s", e.Action, diff)
	}
	for _, secret := range []string{"eyJ", "<", "@"} {
		if strings.Contains(string(text), secret) {
			h.Errorf("%q is in the audit log: %s", secret, text)
		}
	}
	if !strings.HasPrefix(e.Cause.Request, "ref-") {
		h.Errorf("%s has no reference: %+v", e.Action, e.Cause)
	}
}

func TestTheAuditLogTellsHowSomebodySignedIn(t *testing.T) {
	t.Run("saml", func(t *testing.T) {
		h := newHarness(t, storetest.SQLite(t))
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		b := h.browser()
		request, relay := b.pending("/sso/acme/login")
		m := idp.Message(request, idp.Person)
		m.Assertion().CreateAttr("ID", "_assertion-1")
		m.Assertion().FindElement(".//AuthnContextClassRef").SetText("urn:example:mfa")
		m.Assertion().FindElement(".//AuthnStatement").CreateAttr("SessionIndex", strings.Repeat("i", 300))
		idp.Sign(m.Assertion(), samltest.Signature{})
		b.signedIn(b.answer(m.Form(), relay), idp.Person)
		h.saysOf(h.audited("session.started"), map[string]any{"protocol": "saml", "issuer": idpID, "ip": "127.0.0.1",
			"assertion": "_assertion-1", "authn_context": "urn:example:mfa", "session_index": strings.Repeat("i", 255) + "…"})
	})
	t.Run("oidc", func(t *testing.T) {
		h, p := newHarness(t, storetest.SQLite(t)).withProvider(t)
		p.Claims = func(c map[string]any) { c["jti"], c["acr"], c["amr"] = "token-1", "phr", []string{"pwd", "hwk"} }
		b := h.browser()
		b.signedIn(b.signInOIDC(p, "/"), mallory)
		h.saysOf(h.audited("session.started"), map[string]any{"protocol": "oidc", "issuer": p.Issuer, "ip": "127.0.0.1",
			"jti": "token-1", "acr": "phr", "amr": []any{"pwd", "hwk"}, "sid": "session-of-subject-of-mallory"})
	})
	t.Run("refused", func(t *testing.T) {
		h := newHarness(t, storetest.SQLite(t))
		idp := samltest.New(idpID)
		h.trusts(idp, nil)
		b := h.browser()
		request, relay := b.pending("/sso/acme/login")
		p := b.answer(idp.Message(request, idp.Person).Form(), relay)
		e := h.audited("login.refused")
		h.saysOf(e, map[string]any{"protocol": "saml", "reason": "unsigned", "ip": "127.0.0.1"})
		if e.Subject != e.Cause.Request || !strings.Contains(p.body, e.Subject) {
			t.Errorf("the page does not show the reference %s:\n%s", e.Subject, p.body)
		}
	})
}
