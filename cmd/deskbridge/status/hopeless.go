package status

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// hopeless says of which of the accounts that are about to be tried again
// nothing can come of it, and what would help them: of one account, or of all of
// a desk, "" for all desks.
func hopeless(ctx context.Context, s *server.System, desk provision.DeskID, id provision.AccountID, adopt bool) (notes []string, _ error) {
	notes = []string{}
	o, err := s.Core.Plan.Overview(ctx)
	if err != nil {
		return nil, err
	}
	concerns, seats := make(map[provision.DeskID]int), make(map[provision.DeskID]int)
	asked := 0
	for _, a := range attention(&o) {
		if a.State != provision.AccountNeedsAttention || id != "" && a.ID != id || desk != "" && a.Desk != desk {
			continue
		}
		concerns[a.Desk]++
		switch {
		case a.ReasonCode == provision.ReasonAdoption && !adopt && a.DeskUser == "": // else an id is an answer, too
			asked++
		case a.ReasonCode == provision.ReasonSeat:
			seats[a.Desk]++
		}
	}
	for _, d := range o.Desks {
		if p := d.Health.Pause; p != nil && d.Health.PausedBy != "" && concerns[d.Desk.ID] > 0 {
			notes = append(notes, fmt.Sprintf("desk %s is paused by %s until %s, so that nothing comes of it until then; `deskbridge desk resume %[1]s` ends that", d.Desk.Name, d.Health.PausedBy, provision.LastDay(p.Until)))
		} else if p != nil && concerns[d.Desk.ID] > 0 {
			notes = append(notes, fmt.Sprintf("desk %s is not called for now, so that nothing comes of it until it answers: %s", d.Desk.Name, p.Reason))
		}
		if seats[d.Desk.ID] > 0 && d.Desk.Seats > 0 && d.Seats >= d.Desk.Seats {
			notes = append(notes, fmt.Sprintf("desk %s has no seat left, so that those who wait for one go on waiting: free one, or raise `seats` of the desk", d.Desk.Name))
		}
	}
	if asked > 0 {
		notes = append(notes, fmt.Sprintf("%d of them wait until you say whose user the desk has already, and nothing else helps: `deskbridge retry --adopt ACCOUNT`", asked))
	}
	return notes, nil
}

// attention returns the accounts that wait for a person.
func attention(o *plan.Overview) (out []plan.Affected) {
	for _, c := range o.Causes {
		out = append(out, c.Accounts...)
	}
	return out
}
