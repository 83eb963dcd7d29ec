package expiry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/signin"
)

const day = 24 * time.Hour

// open lets people sign in who are agents for that, and whose sign-in expires.
func open(h *provisiontest.Harness, expiry, recheck time.Duration) {
	h.Helper()
	h.Open(&provision.JIT{Create: true}, "example.test")
	c, err := h.Store.Connection(h.Context(), h.Conn.Name)
	h.Must(err)
	c.SignIn.Expiry, c.SignIn.Recheck = expiry, recheck
	h.Must(h.Store.SaveConnection(h.Context(), c))
	_, err = h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID,
		Attribute: provision.AttributeJIT, Equals: "true", Role: provision.RoleAgent})
	h.Must(err)
}

// signIn signs somebody in, and returns them with the secret of their session.
func signIn(h *provisiontest.Harness, name, token string) (provision.Identity, string) {
	h.Helper()
	in, _, secret, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signin.SignInRequest{
		Login: provisiontest.LoginOf(name), Grant: signin.RefreshToken{Text: token, Client: "us"}, NotAfter: h.Now().AddDate(1, 0, 0)})
	h.Must(err)
	return in.Person, secret
}

// pass has time do what it does to sign-ins, of which so many expire.
func pass(h *provisiontest.Harness, when string, want int) {
	h.Helper()
	n, err := h.Core.Expiry.Pass(h.Context())
	h.Must(err)
	if n != want {
		h.Errorf("%s: %d sign-ins expire, want %d", when, n, want)
	}
}

func wait(h *provisiontest.Harness, d time.Duration) { h.Offset.Add(int64(d)) }

// stands fails the test unless somebody should have access, or not.
func stands(h *provisiontest.Harness, when string, id provision.IdentityID, want provision.AccessStatus) {
	h.Helper()
	if got := h.Desired(id).Status; got != want {
		h.Errorf("%s: desired is %q, want %q", when, got, want)
	}
}

// entries returns the actions about somebody that begin with a prefix, in order.
func entries(h *provisiontest.Harness, id provision.IdentityID, prefix string) (actions []provision.Action) {
	h.Helper()
	h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Subject == string(id) && strings.HasPrefix(string(e.Action), prefix) {
			actions = append(actions, e.Action)
		}
		return nil
	}))
	return actions
}

// finding returns what an overview says with a code; "" for nothing.
func finding(h *provisiontest.Harness, code plan.FindingCode) string {
	h.Helper()
	o, err := h.Core.Plan.Glance(h.Context())
	h.Must(err)
	for _, f := range o.Findings {
		if f.Code == code {
			if strings.Contains(f.Told(), "@") {
				h.Errorf("%s tells outside: %q", code, f.Told())
			}
			return f.Text
		}
	}
	return ""
}

// TestSignInsExpire has somebody known by sign-in alone not sign in, beside others who do.
func TestSignInsExpire(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		open(h, 30*day, 0)
		h.ByRoles()
		began := h.Now()
		ann, secret := signIn(h, "ann", "")
		bob, _ := signIn(h, "bob", "")
		cid := h.Person("cid", "agent")
		pass(h, "at first", 0)
		for range 5 {
			wait(h, 5*day)
			signIn(h, "bob", "")
			pass(h, "meanwhile", 0)
		}
		st, err := h.Core.Expiry.Of(h.Context(), ann)
		h.Must(err)
		if st == nil || st.Held || st.Ends.Sub(began).Abs().Round(time.Hour) != 30*day {
			h.Errorf("before it expires, ann's sign-in is %+v", st)
		}
		if text := finding(h, plan.FindingSignInExpiry); !strings.Contains(text, "1 person's sign-in expires soon through acme") || !strings.Contains(text, "ann@example.test") {
			h.Errorf("before it expires, the overview says %q", text)
		}
		wait(h, 5*day+time.Hour)
		pass(h, "after 30 days", 1)
		pass(h, "and again", 0)
		stands(h, "after 30 days", ann.ID, provision.AccessSuspended)
		stands(h, "bob, who signs in", bob.ID, provision.AccessActive)
		stands(h, "cid, who is pushed", cid.ID, provision.AccessActive)
		if _, _, _, err := h.Core.Sessions.Session(h.Context(), secret); err == nil {
			h.Error("ann's session goes on")
		}
		if text := finding(h, plan.FindingSignInExpiry); text != "" {
			h.Errorf("when it has expired, the overview says %q", text)
		}

		back, secret := signIn(h, "ann", "")
		if back.ID != ann.ID {
			h.Errorf("ann is back as %s, was %s", back.ID, ann.ID)
		}
		stands(h, "back", ann.ID, provision.AccessActive)
		if _, _, _, err := h.Core.Sessions.Session(h.Context(), secret); err != nil {
			h.Errorf("back, ann has no session: %v", err)
		}
		if diff := cmp.Diff([]provision.Action{audit.PersonExpired, audit.PersonRenewed}, entries(h, ann.ID, "person.")); diff != "" {
			h.Errorf("entries (-want +got):\n%s", diff)
		}

		wait(h, 40*day) // nobody can sign in
		pass(h, "in a silence", 0)
		if text := finding(h, plan.FindingSignInExpiry); !strings.HasPrefix(text, "Nobody has signed in through acme since") {
			h.Errorf("in a silence, the overview says %q", text)
		}
		signIn(h, "bob", "")
		pass(h, "when it ends", 0)
		wait(h, 5*day)
		signIn(h, "bob", "")
		pass(h, "and those of before have a week", 0)
		wait(h, 2*day+time.Hour)
		pass(h, "which is over", 1)
		stands(h, "after the silence", ann.ID, provision.AccessSuspended)

		pushed := h.Person("ann", "agent") // SCIM describes her
		if pushed.ID != ann.ID {
			h.Fatalf("pushed, ann is %s, was %s", pushed.ID, ann.ID)
		}
		stands(h, "pushed", ann.ID, provision.AccessActive)
		wait(h, 90*day)
		signIn(h, "bob", "")
		pass(h, "pushed", 0)
	})
}

// TestManySignInsExpire has more sign-ins expire at once than may end unseen.
func TestManySignInsExpire(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Core = core.New(h.Store, core.Policy{Brake: reconcile.Brake{People: 1, Percent: 1, Window: time.Hour}, Now: h.Now, Grace: -1}, nil)
		open(h, 8*day, 0)
		ann, _ := signIn(h, "ann", "")
		bob, _ := signIn(h, "bob", "")
		h.ReconcileAll()
		pass(h, "at first", 0)
		for range 7 {
			wait(h, day)
			signIn(h, "cid", "")
			pass(h, "meanwhile", 0)
		}
		wait(h, day+time.Hour)
		signIn(h, "cid", "")
		pass(h, "after eight days", 2)
		h.ReconcileAll()
		for _, p := range []provision.Identity{ann, bob} {
			if a := h.Account(p.ID); a.State != provision.AccountOnHold || !strings.Contains(a.Reason, "expiry of sign-ins") {
				h.Errorf("%s is %s: %s", p.UserName, a.State, a.Reason)
			}
		}
		signIn(h, "ann", "")
		h.ReconcileAll()
		if a := h.Account(ann.ID); a.State != provision.AccountReady {
			h.Errorf("ann, who signs in again, is %s: %s", a.State, a.Reason)
		}
	})
}
