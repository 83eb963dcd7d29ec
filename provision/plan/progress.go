package plan

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Progress is how far the desks are with the people of a plan that was applied.
type Progress struct {
	Synced    int `json:"synced"`          // the desk has confirmed what is desired
	Attention int `json:"needs_attention"` // it needs attention, or is on hold
	Waiting   int `json:"waiting"`         // neither yet
}

// Done reports whether nothing is to be waited for any more.
func (p Progress) Done() bool { return p.Waiting == 0 }

// Progress returns how far the desks are with what p changes for people, since
// it was applied at since. What somebody has changed anew meanwhile counts by
// what is desired now.
func (s *Service) Progress(ctx context.Context, p Plan, since time.Time) (Progress, error) {
	const atOnce = 500
	var out Progress
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return out, err
	}
	names := make(map[provision.DeskID]string, len(desks))
	for _, d := range desks {
		names[d.ID] = d.Name
	}
	type at struct {
		person provision.IdentityID
		desk   string
	}
	for some := range slices.Chunk(p.People, atOnce) {
		ids := make([]provision.IdentityID, len(some))
		for i, c := range some {
			ids[i] = c.Person
		}
		slices.Sort(ids)
		accounts, err := s.store.AccountsOf(ctx, slices.Compact(ids))
		if err != nil {
			return out, err
		}
		have := make(map[at]provision.Account, len(accounts))
		for _, a := range accounts {
			have[at{a.Identity, names[a.Desk]}] = a
		}
		for _, c := range some {
			a, there := have[at{c.Person, c.Desk}]
			out.count(c, a, there, since)
		}
	}
	return out, nil
}

// count adds one person on one desk.
func (p *Progress) count(c PersonChange, a provision.Account, there bool, since time.Time) {
	evaluated := there && (a.Desired.Same(c.After) || a.UpdatedAt.After(since))
	switch {
	case !there && c.After.Status != provision.AccessActive: // nothing to end
		p.Synced++
	case !evaluated || a.Due() && a.State == provision.AccountReady:
		p.Waiting++
	case a.State == provision.AccountReady, a.State == provision.AccountEnded:
		p.Synced++
	case a.State == provision.AccountNeedsAttention, a.State == provision.AccountOnHold:
		p.Attention++
	default:
		p.Waiting++
	}
}
