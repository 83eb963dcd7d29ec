package removal_test

import (
	"context"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/desksession"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/removal"
	"github.com/deskbridge/deskbridge/store"
)

// TestAWorkerIsFaster: somebody who comes in between the look whether anybody is in
// and the deletion is not forgotten.
func TestAWorkerIsFaster(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		_, err := h.Core.Removal.RemoveDesk(h.Context(), provisiontest.ByTest, h.Desk.ID, false)
		h.Must(err)
		comesIn := func() {
			a := h.Account(ann.ID)
			a.DeskUser, a.Origin, a.LeaseUntil = "7", provision.OriginMade, nil
			h.Must(h.Store.SaveAccounts(h.Context(), []provision.Account{a}))
		}
		n := 0
		c := h.Core
		late := removal.New(h.Store, func(ctx context.Context, fn func(removal.Store) error) error {
			if n++; n == 2 { // the first lets go of what is on hold
				comesIn()
			}
			return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
		}, c.Audit, c.Entitlement, c.Sessions, c.Tokens, c.Settings, nil, removal.Hosting{}, h.Now)
		h.Must(late.Finish(h.Context()))
		if a := h.Account(ann.ID); a.DeskUser != "7" || n < 2 {
			h.Errorf("after %d transactions: %+v", n, a)
		}
		if _, err := h.Store.Desk(h.Context(), string(h.Desk.ID)); err != nil {
			h.Errorf("the desk: %v", err)
		}
	})
}

// TestNothingIsSetUp: whoever sets something up for what is being removed is told
// so, whichever way they come.
func TestNothingIsSetUp(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		c, by, ctx := h.Core, provisiontest.ByTest, h.Context()
		_, err := c.Settings.ClaimDomain(ctx, by, h.Conn.ID, "acme.example")
		h.Must(err)
		conn := h.Conn
		conn.Removal = provision.RemovalEnding // as soon as it is decided, whatever the removal itself has ended yet
		h.Must(h.Store.SaveConnection(ctx, conn))
		h.Desk.Removal = provision.RemovalEnding
		h.Must(h.Store.SaveDesk(ctx, h.Desk))
		second, _, err := c.Settings.AddConnection(ctx, by, provision.Connection{Name: "beta", IdP: provision.IdPGeneric})
		h.Must(err)
		for what, do := range map[string]func() error{
			"a token":          func() error { _, _, err := c.Tokens.CreateToken(ctx, by, conn.ID, "second", 0); return err },
			"a rotation":       func() error { _, _, _, err := c.Tokens.RotateToken(ctx, by, conn.ID, "first", 0, 0); return err },
			"a domain":         func() error { _, err := c.Settings.ClaimDomain(ctx, by, conn.ID, "other.example"); return err },
			"a claimed domain": func() error { return c.Settings.VerifyDomain(ctx, by, conn.ID, "acme.example", nil) },
			"signing in": func() error {
				_, err := c.Settings.SetSignIn(ctx, by, string(conn.ID), func(s *provision.SignIn) error { s.Disabled = true; return nil })
				return err
			},
			"a rule": func() error {
				_, err := c.Settings.AddRuleUnchecked(ctx, by, provision.Rule{Connection: second.ID, Desk: h.Desk.ID, Group: "Support", Role: provision.RoleAgent})
				return err
			},
			"a rejection": func() error {
				_, err := c.Reconcile.Reject(ctx, by, string(conn.ID), reconcile.Whom{All: true})
				return err
			},
		} {
			h.Unchanged(what, func() {
				if err := do(); err == nil || !strings.Contains(err.Error(), "is being removed") {
					h.Errorf("%s: %v", what, err)
				}
			})
		}
	})
}

// TestDeskSessionsEndWithTheDesk: whoever is signed in at a desk is not any more once
// it is removed, also where their access stays.
func TestDeskSessionsEndWithTheDesk(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.ByRoles()
		ann := h.Person("ann", "agent")
		h.ReconcileAll()
		opened := desksession.Session{ID: provision.NewID[provision.DeskSessionID](), Session: provision.NewID[provision.SessionID](), Identity: ann.ID,
			Connection: h.Conn.ID, Desk: h.Desk.ID, Protocol: provision.ProtocolOIDC, CreatedAt: h.Now(), SeenAt: h.Now()}
		h.Must(h.Store.SaveDeskSession(h.Context(), opened))
		_, err := h.Core.Removal.RemoveDesk(h.Context(), provisiontest.ByTest, h.Desk.ID, true)
		h.Must(err)
		if now, err := h.Store.DeskSession(h.Context(), opened.ID); err != nil || now.EndedAt == nil || now.NotifyAt != nil {
			h.Errorf("the desk session: %+v, %v", now, err)
		}
	})
}

// TestNothingNewOfARemovedConnection: while a connection is being removed, nobody
// can be let in through it again, also not by whoever looked it up before.
func TestNothingNewOfARemovedConnection(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		const domain = "late.test"
		_, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain)
		h.Must(err)
		h.Code(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain, func(context.Context, string) ([]string, error) {
			claim, err := h.Core.Settings.ClaimDomainOf(h.Context(), h.Conn.ID, domain)
			h.Must(err)
			_, err = h.Core.Removal.RemoveConnection(h.Context(), provisiontest.ByTest, h.Conn.ID, false)
			h.Must(err)
			return []string{claim.DomainText()}, nil
		}), provision.Invalid)
		_, _, err = h.Core.Tokens.DraftToken(h.Context(), provisiontest.ByTest, h.Conn.ID, credential.TokenDraft{Name: "late"})
		h.Code(err, provision.Invalid)
		_, err = h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "later.test")
		h.Code(err, provision.Invalid)
		_, err = h.Core.Settings.SetSignIn(h.Context(), provisiontest.ByTest, string(h.Conn.ID), func(s *provision.SignIn) error { s.Disabled = false; return nil })
		h.Code(err, provision.Invalid)
		left, err := h.Core.Settings.Connection(h.Context(), string(h.Conn.ID))
		h.Must(err)
		tokens, err := h.Core.Tokens.Tokens(h.Context(), h.Conn.ID)
		h.Must(err)
		for _, token := range tokens {
			if token.Usable(h.Core.Now()) {
				t.Errorf("token %s lets somebody in", token.Name)
			}
		}
		glance, err := h.Core.Plan.Glance(h.Context())
		h.Must(err)
		for _, f := range glance.Findings {
			if f.Connection == left.Name {
				t.Errorf("somebody is told to see to it: %s %s", f.Text, f.Do)
			}
		}
		if len(left.Domains) > 0 || !left.SignIn.Disabled {
			t.Errorf("the connection has %+v", left)
		}
	})
}
