package settings

import (
	"context"
	"fmt"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// CheckHandOver asks a desk whether it has the mailboxes and teams that its hand_over names;
// what it lacks is an Invalid error. A desk that does not answer may come up later: that
// is a warning. Nothing is locked while it is asked.
func (s *Service) CheckHandOver(ctx context.Context, d provision.Desk) (warnings []string, _ error) {
	return make(Asked).HandOver(ctx, s, d)
}

// Asked are what desks have, by name, once they were asked.
type Asked map[string]*Units

// Of asks a desk what it has, once; that it does not answer is a warning.
func (a Asked) Of(ctx context.Context, s *Service, d provision.Desk) (_ *Units, warnings []string) {
	if _, asked := a[d.Name]; !asked {
		a[d.Name], warnings = s.UnitsOf(ctx, d)
	}
	return a[d.Name], warnings
}

// HandOver is [Service.CheckHandOver], which asks no desk twice.
func (a Asked) HandOver(ctx context.Context, s *Service, d provision.Desk) (warnings []string, _ error) {
	if len(d.HandOver.Mailboxes)+len(d.HandOver.Teams()) == 0 {
		return nil, nil
	}
	units, warnings := a.Of(ctx, s, d)
	can, _ := s.Abilities(d)
	if lacks := units.LacksFor(d, can); len(lacks) > 0 {
		return warnings, provision.Errorf(provision.Invalid, "hand_over", "%s", strings.Join(lacks, "\n"))
	}
	return warnings, nil
}

// LacksFor says what the hand_over of a desk names that the desk, which has p, has not, a
// sentence each. Of nil nothing is known, so nothing is missing.
func (p *Units) LacksFor(d provision.Desk, can Abilities) (lacks []string) {
	for mailbox, r := range d.HandOver.Rules() {
		if lack := p.Lacks(can.ConversationsIn, mailbox); mailbox != "" && lack != "" {
			lacks = append(lacks, fmt.Sprintf("desk %s: hand_over: the desk has %s", d.Name, lack))
		}
		if lack := p.Lacks(provision.UnitTeam, r.Team); r.Team != "" && lack != "" {
			lacks = append(lacks, fmt.Sprintf("desk %s: hand_over: the desk has %s", d.Name, lack))
		}
	}
	return lacks
}
