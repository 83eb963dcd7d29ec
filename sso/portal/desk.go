package portal

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// deskEntry is a desk on a page for people.
type deskEntry struct {
	Name, State, URL string
	ready, stuck     bool
	saml             bool // the desk signs people in through us
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
		p := deskEntry{Name: a.Desk.Name, URL: a.Desk.URL, State: "being set up", ready: a.Account.Usable(), saml: a.Desk.SignIn.SAML != nil}
		switch {
		case p.ready:
			p.State = "ready"
		case a.Account.State == provision.AccountNeedsAttention:
			p.State, p.stuck = "waits for an administrator", true
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b deskEntry) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
