package portal

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// deskEntry is a desk on a page for people.
type deskEntry struct {
	Name, State string
	Open        string // address at which the person can begin to work there; "": they cannot yet

	usable bool // as forward auth sees it
	enters bool // as a desk sees it that signs people in through us
	stuck  bool // until an administrator does something
	since  time.Time
}

// desks returns the desks on which somebody should have an account, by name.
func (h *Handler) desks(r *http.Request, person provision.Identity) ([]deskEntry, error) {
	accounts, err := h.core.Entitlement.AccountsOf(r.Context(), person.ID)
	if err != nil {
		return nil, err
	}
	var out []deskEntry
	for _, a := range accounts {
		if a.Account.Desired.Status != provision.AccessActive {
			continue
		}
		p := deskEntry{Name: a.Desk.Name, State: "being set up", usable: a.Account.Usable(), since: a.Account.CreatedAt,
			enters: a.Account.Confirmed.Status == provision.AccessActive || a.Desk.SignIn.BeforeReady}
		switch {
		case p.enters && a.Desk.SignIn.SAML != nil: // straight in, without another question
			p.State, p.Open = "ready", "/sso/idp/saml/"+a.Desk.Name+"/launch"
		case p.usable, p.enters && a.Desk.SignIn.OIDC != nil:
			p.State, p.Open = "ready", a.Desk.URL
		case a.Account.State == provision.AccountNeedsAttention:
			p.State, p.stuck = "waits for an administrator", true
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b deskEntry) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
