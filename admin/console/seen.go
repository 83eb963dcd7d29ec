package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/report"
)

// about returns what a form decides about, as it stands at this moment.
type about func(*page) (any, error)

// formsAbout says for forms, by their address, what they decide about: whoever sends
// one has seen it. Where it has changed since, nothing is done.
var formsAbout = map[string]about{
	"POST /admin/holds/{connection}/release":                     heldThere,
	"POST /admin/holds/{connection}/reject":                      heldThere,
	"POST /admin/people/{id}/release":                            heldOf,
	"POST /admin/people/{id}/reject":                             heldOf,
	"POST /admin/connections/{connection}/tokens/{token}/rotate": tokenThere,
	"POST /admin/connections/{connection}/tokens/{token}/revoke": tokenThere,
	"POST /admin/desks/{desk}/pause":                             stoppedThere,
	"POST /admin/desks/{desk}/resume":                            stoppedThere,
}

// asSeen has a request under the condition that what its form is about is what was
// seen of it.
func (p *page) asSeen(pattern string) error {
	look := formsAbout[pattern]
	if look == nil || p.Method != http.MethodPost {
		return nil
	}
	was := p.PostFormValue("seen")
	if was == "" { // a form that was not ours
		return nil
	}
	unchanged := func(ctx context.Context) error {
		now := *p.Page
		now.Request = p.WithContext(ctx)
		what, err := look(&page{&now, p.h})
		if err != nil {
			return err
		}
		is, err := layout.Seen(what)
		if err == nil && is != was {
			err = provision.Errorf(provision.Stale, "", "it has changed since you saw it, perhaps by another admin; nothing was done: look again, and decide anew")
		}
		return err
	}
	if err := unchanged(p.Context()); err != nil { // before anything is locked
		return err
	}
	p.Request = p.WithContext(condition.Under(p.Context(), unchanged))
	return nil
}

// undecided is one account whose end an admin may decide about.
type undecided struct {
	Account provision.AccountID
	Reason  provision.ReasonCode
}

func undecidedOf(ids []report.HeldID) []undecided {
	out := make([]undecided, len(ids))
	for i, id := range ids {
		out[i] = undecided{id.Account, id.Code}
	}
	return out
}

// undecidedAmong is [undecidedOf] for accounts of which some are on hold.
func undecidedAmong(accounts []provision.Account) []undecided {
	out := []undecided{}
	for _, a := range accounts {
		if a.State == provision.AccountOnHold {
			out = append(out, undecided{a.ID, a.ReasonCode})
		}
	}
	slices.SortFunc(out, func(a, b undecided) int { return strings.Compare(string(a.Account), string(b.Account)) })
	return out
}

// heldThere is what is on hold of a connection.
func heldThere(p *page) (any, error) {
	conn, err := p.h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return nil, err
	}
	ids, err := p.h.core.Report.HeldIDs(p.Context(), conn.ID)
	return undecidedOf(ids), err
}

// heldOf is what is on hold of a person.
func heldOf(p *page) (any, error) {
	person, err := p.found()
	if err != nil {
		return nil, err
	}
	all, err := p.h.core.Explanation.Explain(p.Context(), person)
	if err != nil {
		return nil, err
	}
	var theirs []provision.Account
	for _, e := range all {
		if e.Account != nil {
			theirs = append(theirs, *e.Account)
		}
	}
	return undecidedAmong(theirs), nil
}

// tokenThere is a token, but for when it was used.
func tokenThere(p *page) (any, error) {
	conn, err := p.h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return nil, err
	}
	t, err := p.h.core.Tokens.Token(p.Context(), conn.ID, p.PathValue("token"))
	return stateOf(t, p.Now), err
}

// tokenState is what a form about a token decides about.
type tokenState struct {
	ID              provision.TokenID
	Ended, Replaced bool
}

func stateOf(t credential.Token, now time.Time) tokenState {
	return tokenState{t.ID, t.State(now) == credential.TokenEnded, t.ReplacedAt != nil}
}
