package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/cards"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/seconds"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// homePage says what needs somebody, and how connections and desks are.
type homePage struct {
	Cards       []cards.Card
	Connections []connectionLine
	Desks       []deskLine
	Now         time.Time
}

// connectionLine is one connection at a glance.
type connectionLine struct {
	plan.ConnectionOverview
	Silent *time.Time // since when, when that is too long; nil: it is not
	Usable int        // tokens
}

// deskLine is one desk at a glance.
type deskLine struct {
	plan.DeskOverview
	Ready, Waiting, Attention int // accounts
}

func (h *handler) home(p *page) error {
	o, err := h.core.Plan.OverviewOf(p.Context(), plan.Scope{Most: cards.MostRetried, CausesOnly: true})
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	waiting, err := seconds.Of(p.Page, h.core.SecondAdmin)
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, "home", "/admin/", "What needs you", layout.Frame{Body: homeOf(&o, names, waiting), Live: true, Command: "deskbridge status"})
}

func homeOf(o *plan.Overview, names *names, waiting []seconds.Waiting) homePage {
	body := homePage{Now: o.At}
	for _, w := range waiting {
		body.Cards = append(body.Cards, cards.OfSecondAdmin(w))
	}
	silent := make(map[string]*time.Time)
	for _, c := range o.Causes {
		body.Cards = append(body.Cards, cards.OfCause(c, names.desk))
	}
	for _, f := range o.Findings {
		if f.Code == plan.FindingSilent {
			silent[f.Connection] = f.At
		}
		if f.Code == plan.FindingNeedAttention || f.Code == plan.FindingSecondAdmin { // its causes are there, and what waits
			continue
		}
		body.Cards = append(body.Cards, cards.OfFinding(f))
	}
	slices.SortStableFunc(body.Cards, func(a, b cards.Card) int { return cmp.Compare(a.Rank(), b.Rank()) })
	for _, c := range o.Connections {
		body.Connections = append(body.Connections, connectionLine{c, silent[c.Connection.Name], c.UsableTokens(o.At)})
	}
	for _, d := range o.Desks {
		body.Desks = append(body.Desks, deskLineOf(d))
	}
	return body
}

func deskLineOf(d plan.DeskOverview) deskLine {
	return deskLine{d, d.Accounts[provision.AccountReady], d.Accounts[provision.AccountWaiting],
		d.Accounts[provision.AccountNeedsAttention] + d.Accounts[provision.AccountOnHold]}
}

// retry has the accounts of a card synced again.
func (h *handler) retry(p *page) error {
	if err := p.ParseForm(); err != nil {
		return provision.Errorf(provision.Invalid, "", "the form could not be read")
	}
	total := 0
	ids := p.PostForm["account"]
	for _, id := range ids[:min(len(ids), cards.MostRetried)] {
		n, err := h.core.Reconcile.Retry(p.Context(), p.Cause(), provision.AccountFilter{}, provision.AccountID(id), false)
		if err != nil {
			return err
		}
		total += n
	}
	return p.Done(p.Back(), "retried", total)
}
