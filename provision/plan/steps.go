package plan

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/report"
)

// StepChange is what a plan makes of the later steps of a desk's on_leave. It counts
// accounts, of which somebody has one a desk.
type StepChange struct {
	Desk  string `json:"desk"`
	Steps string `json:"steps,omitempty"` // as the desk will have them: "delete after 30d"; "": none
	Asks  bool   `json:"asks,omitempty"`  // an admin will have to approve what nothing brings back

	Begin int `json:"begin,omitempty"` // who lose access, whom the steps follow once that has ended
	Stop  int `json:"stop,omitempty"`  // of whom a step is to come, and who get access: it is not done

	// Of whom a step is to come, where the policy of the desk is another by the plan:
	Later   int `json:"later,omitempty"`   // it is done later than was told
	Never   int `json:"never,omitempty"`   // it is not done
	Other   int `json:"other,omitempty"`   // something else is done
	Asked   int `json:"asked,omitempty"`   // an admin has to approve it, who had not
	Unasked int `json:"unasked,omitempty"` // no admin has to approve it, who had
}

// Says says it in words, a sentence each. would is the word for what a plan does: would,
// or will.
func (c StepChange) Says(would string) (lines []string) {
	say := func(n int, what, follows string) {
		if n > 0 {
			noun := "people"
			if n == 1 {
				noun = "person"
			}
			lines = append(lines, fmt.Sprintf(what, n, noun, c.Desk)+follows)
		}
	}
	approved := map[bool]string{true: ", once an admin has approved it"}[c.Asks]
	say(c.Begin, "%d %s who "+would+" lose access to %s "+would+" have further steps of its on_leave to come: ", c.Steps+approved)
	say(c.Stop, "%d %s "+would+" have access to %s again: the step of its on_leave that is to come for them is not done", "")
	say(c.Later, "%d %s of whom a step is to come on %s: it "+would+" be done later than was told", "")
	say(c.Never, "%d %s of whom a step is to come on %s: it "+would+" not be done", "")
	say(c.Other, "%d %s of whom a step is to come on %s: something else "+would+" be done then", "")
	say(c.Asked, "%d %s of whom a step is to come on %s: an admin "+would+" have to approve it", "")
	say(c.Unasked, "%d %s of whom a step is to come on %s: it "+would+" be done without asking an admin", "")
	return lines
}

// stepChanges says what a plan makes of steps that are to come, by desk.
func (s *Service) stepChanges(ctx context.Context, state *draftState) ([]StepChange, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return nil, err
	}
	before, after := make(map[provision.DeskID]provision.Desk), make(map[provision.DeskID]provision.Desk)
	for _, d := range desks {
		before[d.ID], after[d.ID] = d, d
	}
	for _, d := range state.desks {
		after[d.ID] = d
	}
	changes := make(map[provision.DeskID]*StepChange)
	of := func(id provision.DeskID) *StepChange {
		if changes[id] == nil {
			d := after[id]
			changes[id] = &StepChange{Desk: d.Name, Steps: d.OnLeave.LaterSteps(), Asks: d.Approve.Asks(d.OnLeave)}
		}
		return changes[id]
	}
	gaining, err := s.stepsOfPeople(ctx, state, before, after, of)
	if err != nil {
		return nil, err
	}
	for _, d := range state.desks {
		if was, known := before[d.ID]; known && (!was.OnLeave.Same(d.OnLeave) || was.Approve != d.Approve) {
			if err := s.stepsOfPolicy(ctx, was, d, gaining, of); err != nil {
				return nil, err
			}
		}
	}
	var out []StepChange
	for _, c := range changes {
		if len(c.Says("would")) > 0 {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b StepChange) int { return cmp.Compare(a.Desk, b.Desk) })
	return out, nil
}

// personOnDesk is somebody on one desk.
type personOnDesk struct {
	person provision.IdentityID
	desk   provision.DeskID
}

// stepsOfPeople counts those who lose access, and those who get it before a step is done,
// whom it returns.
func (s *Service) stepsOfPeople(ctx context.Context, state *draftState, before, after map[provision.DeskID]provision.Desk, of func(provision.DeskID) *StepChange) (map[personOnDesk]bool, error) {
	ids := make(map[string]provision.DeskID) // by name
	for id, d := range after {
		ids[d.Name] = id
	}
	gains := make(map[personOnDesk]bool) // false: loses
	people := make(map[provision.IdentityID]bool)
	for _, p := range state.plan.People {
		was, will := p.Before.Status == provision.AccessActive, p.After.Status == provision.AccessActive
		if id, known := ids[p.Desk]; known && was != will {
			gains[personOnDesk{p.Person, id}], people[p.Person] = will, true
		}
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(people)), lossesAtOnce) {
		accounts, err := s.store.AccountsOf(ctx, some)
		if err != nil {
			return nil, err
		}
		for i := range accounts {
			a := &accounts[i]
			gain, changes := gains[personOnDesk{a.Identity, a.Desk}]
			if !changes {
				continue
			}
			on, then := before[a.Desk], after[a.Desk]
			if _, coming := on.Coming(a); gain && coming {
				of(a.Desk).Stop++
			} else if !gain && a.HasAccess() && then.OnLeave.Later() {
				of(a.Desk).Begin++
			}
		}
	}
	return gains, nil
}

// stepsOfPolicy counts what another policy of a desk makes of the steps that are to come
// there. Who has access again by the same plan is counted already.
func (s *Service) stepsOfPolicy(ctx context.Context, was, will provision.Desk, gains map[personOnDesk]bool, of func(provision.DeskID) *StepChange) error {
	q := report.StepQuery{Desk: was.ID, Limit: lossesAtOnce}
	for {
		accounts, err := s.store.ListComingSteps(ctx, q)
		if err != nil {
			return err
		}
		for i := range accounts {
			a := &accounts[i]
			now, coming := was.Coming(a)
			if !coming || gains[personOnDesk{a.Identity, a.Desk}] {
				continue
			}
			of(a.Desk).count(now, &will, a)
		}
		if len(accounts) < q.Limit {
			return nil
		}
		last := &accounts[len(accounts)-1]
		q.AfterID, q.AfterDue = last.ID, report.StepPlace(last)
	}
}

// count counts one account of which now is to come, on a desk as it will be.
func (c *StepChange) count(now leave.Coming, will *provision.Desk, a *provision.Account) {
	then, coming := will.Coming(a)
	switch {
	case !coming, now.Consent == leave.ConsentAsked && !will.OnLeave.Mentions(now.Step.What): // what was asked about is not done any more
		c.Never++
		return
	case now.Step.What != then.Step.What || now.Step.Role != then.Step.Role:
		c.Other++
	case then.At.After(now.At):
		c.Later++
	}
	switch {
	case now.Consent == "" && then.Consent != "":
		c.Asked++
	case now.Consent != "" && !c.Asks:
		c.Unasked++
	}
}
