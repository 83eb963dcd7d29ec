package server

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/deskbridge/deskbridge/worker/giveback"
	"github.com/deskbridge/deskbridge/worker/takeover"
)

// DeskReport is what `desk check` found.
type DeskReport struct {
	Desk      string   `json:"desk"`
	OK        bool     `json:"ok"`
	Self      string   `json:"own_account"`
	Version   string   `json:"version,omitempty"`
	Roles     []string `json:"roles"`
	DeskRoles []string `json:"desk_roles,omitempty"` // its own, with what each amounts to
	Teams     []string `json:"teams"`
	Mailboxes []string `json:"mailboxes"`
	Cannot    []string `json:"cannot"`
	Problems  []string `json:"problems"`
	Seats     *SeatsOf `json:"seats,omitempty"`    // as the desk itself counts them
	Warnings  []string `json:"warnings,omitempty"` // what may become a problem
	Accepted  []string `json:"accepted,omitempty"` // teams and mailboxes that rules mean from now on, in place of deleted ones
}

// SeatsOf is how many seats of a desk are taken, by whomever.
type SeatsOf struct {
	Used  int `json:"used"`
	Limit int `json:"limit,omitempty"` // 0: none, or the desk does not tell
}

// CheckDesk tries a desk: its credentials, its rights, and whether rules name
// what it has.
func CheckDesk(ctx context.Context, s *System, d provision.Desk) (DeskReport, error) {
	warnings, err := s.Core.Settings.CheckDesk(d)
	if err != nil {
		return DeskReport{}, err
	}
	connector, err := s.Connector(d)
	if err != nil {
		return DeskReport{}, err
	}
	profile, err := connector.Check(ctx)
	if err != nil {
		return DeskReport{}, DeskError(d, err)
	}
	can := connector.Capabilities()
	report := DeskReport{Desk: d.Name, Self: string(profile.Self), Version: profile.Version, Roles: []string{},
		Teams: append([]string{}, profile.Teams...), Mailboxes: append([]string{}, profile.Mailboxes...), Problems: append([]string{}, profile.Problems...), Cannot: cannot(can), Warnings: warnings}
	for _, role := range slices.SortedFunc(maps.Keys(can.RoleNames), func(a, b provision.Role) int {
		if a.Less(b) {
			return -1
		}
		return 1
	}) {
		report.Roles = append(report.Roles, fmt.Sprintf("%s = %s", role, can.RoleNames[role]))
	}
	for _, role := range profile.Roles {
		report.DeskRoles = append(report.DeskRoles, fmt.Sprintf("%s (%s)", role.Title, role.Rank))
	}
	there := *unitsIn(profile)
	rules, err := s.Core.Settings.Rules(ctx, "")
	if err != nil {
		return report, err
	}
	if err := s.Core.Settings.Know(ctx, d, &there); err != nil {
		return report, err
	}
	known, err := s.Core.DeskHealth.KnownUnits(ctx, d.ID)
	if err != nil {
		return report, err
	}
	for _, r := range rules {
		if r.Desk == d.ID {
			report.Warnings = append(report.Warnings, plan.WarnOfUnits(&there, known, d.Name, r)...)
			report.Problems = append(report.Problems, there.Missing(r)...)
			for _, p := range ruleProblems(connector, d.Kind, r) {
				said := fmt.Sprintf("rule on %s: %s", r, p.Detail)
				if p.Warning {
					report.Warnings = append(report.Warnings, said)
				} else {
					report.Problems = append(report.Problems, said)
				}
			}
		}
	}
	able, _ := s.Core.Settings.Abilities(d)
	report.Problems = append(report.Problems, there.LacksFor(d, able)...)
	if counter, ok := connector.(desk.Seats); ok {
		var seats SeatsOf
		if seats.Used, seats.Limit, err = counter.Seats(ctx); err != nil {
			return report, DeskError(d, err)
		}
		report.Seats = &seats
		if seats.Limit > 0 && d.Seats > seats.Limit {
			report.Warnings = append(report.Warnings, fmt.Sprintf("seats is %d here, and the desk has %d: whoever comes after those is refused there", d.Seats, seats.Limit))
		}
	}
	if err := report.checkHandOver(ctx, s, asInRules{connector, &there}, d); err != nil {
		return report, err
	}
	report.OK = len(report.Problems) == 0
	return report, nil
}

// asInRules is a desk whose teams are asked about as rules name them.
type asInRules struct {
	desk.Desk
	there *settings.Units
}

// TeamMembers implements [desk.Desk].
func (d asInRules) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	return d.Desk.TeamMembers(ctx, d.there.Called(provision.UnitTeam, team))
}

// checkHandOver says whether somebody takes over from leavers. A team without
// members is no problem until somebody has left it.
func (r *DeskReport) checkHandOver(ctx context.Context, s *System, connector desk.Desk, d provision.Desk) error {
	found, err := takeover.Check(ctx, takeover.Core{Settings: s.Core.Settings, DeskHealth: s.Core.DeskHealth}, connector, d)
	if d.HandOver.Agent != "" {
		r.Problems = append(r.Problems, found...)
	} else {
		r.Warnings = append(r.Warnings, found...)
	}
	if err != nil {
		return DeskError(d, err)
	}
	return nil
}

// cannot lists what has to be done by hand on a desk, in words.
func cannot(c desk.Capabilities) []string {
	words := []string{}
	for _, w := range []struct {
		can  bool
		what string
	}{
		{c.ChangeProfile, "change name or e-mail"}, {c.ChangeRole, "change the role"}, {c.ChangeTeams, "change teams"},
		{c.ChangeMailboxes || c.MailboxesByTeam, "change mailboxes"}, {c.Deactivate, "deactivate"}, {c.Delete, "delete"},
		{c.Anonymize, "anonymize"}, {c.AssignToTeam, "assign to a team"}, {c.ConversationsIn != "", "hand over by mailbox"}, {c.EndSessions, "end sessions"},
	} {
		if !w.can {
			words = append(words, w.what)
		}
	}
	return words
}

// ReachDesk opens a desk for looking at its users and giving them back. What the desk
// answers wrongly is an Unavailable error in words for an admin.
func (s *System) ReachDesk(_ context.Context, d provision.Desk) (adoption.Desk, error) {
	session, err := worker.New(WorkerCore(s.Core), s.Connector, s.Log).Session(d)
	if err != nil {
		return nil, unavailable(d, err)
	}
	return reached{d, giveback.Desk{Session: session}}, nil
}

// reached says the errors of a desk in words.
type reached struct {
	desk provision.Desk
	giveback.Desk
}

// Find implements [adoption.Reader].
func (r reached) Find(ctx context.Context, id provision.DeskUserID) (*provision.DeskUser, error) {
	u, err := r.Desk.Find(ctx, id)
	return u, unavailable(r.desk, err)
}

// Restore implements [adoption.Desk].
func (r reached) Restore(ctx context.Context, now provision.DeskUser, to provision.Access) (*provision.DeskUser, error) {
	u, err := r.Desk.Restore(ctx, now, to)
	return u, unavailable(r.desk, err)
}

// unavailable is an error of a desk that whoever waits for a page is told.
func unavailable(d provision.Desk, err error) error {
	if err == nil {
		return nil
	}
	return &provision.Error{Code: provision.Unavailable, Field: "desk", Detail: DeskError(d, err).Error(), Err: err}
}
