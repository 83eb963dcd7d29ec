package assignee

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// People is what is asked about people.
type People interface {
	// IsLeaving reports whether somebody of this name has an account on a desk
	// that is about to end.
	IsLeaving(ctx context.Context, desk provision.DeskID, name string) (bool, error)
	// ManagersOn returns the desk users of a manager, of that one's manager, and
	// so on, the nearest first. gone says why the manager is not the first of them.
	ManagersOn(ctx context.Context, conn provision.ConnectionID, desk provision.DeskID, name string) (users []provision.DeskUserID, gone string, _ error)
}

// search is one look for those who take over from have what loss says.
type search struct {
	people People
	d      desk.Desk
	v      *reconcile.Run
	have   *provision.DeskUser
	loss   reconcile.Loss
	rule   provision.HandOverRule
}

// named returns whom a rule names.
func (s *search) named(ctx context.Context) (*List, error) {
	switch {
	case s.rule.Agent != "":
		if leaving, err := s.people.IsLeaving(ctx, s.v.Desk.ID, s.rule.Agent); err != nil || leaving {
			return &List{note: "the agent named in hand_over is leaving too"}, err
		}
		return s.agent(ctx, desk.Key{Email: s.rule.Agent}, "the agent named in hand_over is not active on the desk")
	case s.rule.Team != "":
		return s.namedTeam(ctx)
	case s.rule.To == provision.HandOverManager:
		return s.manager(ctx)
	case s.rule.To == provision.HandOverTeam || s.rule.To == provision.HandOverRoundRobin:
		return s.team(ctx)
	}
	return &List{}, nil
}

// namedTeam is the team that the rule names, or its active members in turn where the desk
// cannot assign to teams.
func (s *search) namedTeam(ctx context.Context) (*List, error) {
	members, err := s.d.TeamMembers(ctx, s.rule.Team)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return &List{note: "the team named in hand_over is not on the desk"}, nil
	case err != nil:
		return nil, err
	case s.d.Capabilities().AssignToTeam:
		return &List{all: []desk.Assignee{{Team: s.rule.Team}}}, nil
	}
	l := &List{}
	l.add(members, s.have.ID)
	if len(l.all) == 0 {
		l.note = "nobody else is active in the team named in hand_over"
	}
	return l, nil
}

// manager is the person's manager, or the next above who is active on the desk.
func (s *search) manager(ctx context.Context) (*List, error) {
	managers, gone, err := s.people.ManagersOn(ctx, s.v.Connection.ID, s.v.Desk.ID, s.v.Account.Manager)
	if err != nil {
		return nil, err
	}
	note := cmp.Or(gone, "the manager is not active on the desk")
	for i, manager := range managers {
		found, err := s.agent(ctx, desk.Key{ID: manager}, note)
		if err != nil {
			return nil, err
		}
		if len(found.all) == 0 {
			continue
		}
		if i > 0 || gone != "" {
			found.note = note + ", so the next manager above has it"
		}
		return found, nil
	}
	return &List{note: note}, nil
}

// agent is the user of that key, if active and not the person; otherwise says why
// it is nobody.
func (s *search) agent(ctx context.Context, key desk.Key, otherwise string) (*List, error) {
	user, err := s.d.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	if user == nil || !user.Active || user.ID == s.have.ID {
		return &List{note: otherwise}, nil
	}
	return &List{all: []desk.Assignee{{User: user.ID}}}, nil
}

// team is the first of the person's teams, or the active members of all in turn: the
// teams that they lose, else all of theirs, those in the managed scope first.
func (s *search) team(ctx context.Context) (*List, error) {
	teams := slices.Clone(s.loss.Teams)
	if len(teams) == 0 {
		teams = slices.Clone(s.have.Teams)
	}
	if len(teams) == 0 { // they have left already, in a run that was cut short
		teams = slices.Clone(s.v.Account.Confirmed.Teams)
	}
	slices.SortStableFunc(teams, func(a, b string) int {
		return cmp.Compare(min(slices.Index(s.v.Teams, b), 0), min(slices.Index(s.v.Teams, a), 0)) // -1: not managed
	})
	if s.rule.To == provision.HandOverTeam && s.d.Capabilities().AssignToTeam && len(teams) > 0 {
		return &List{all: []desk.Assignee{{Team: teams[0]}}}, nil
	}
	l := &List{note: "nobody else is active in the person's teams"}
	for _, team := range teams {
		members, err := s.d.TeamMembers(ctx, team)
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return nil, err
		}
		l.add(members, s.have.ID)
	}
	if len(l.all) > 0 {
		l.note = ""
	}
	return l, nil
}
