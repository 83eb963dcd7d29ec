package plan

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// WarnOfUnits returns what became of the teams and mailboxes that r names on a desk,
// a sentence each: renamed, with what to write instead, or replaced by others.
func WarnOfUnits(units *settings.Units, known []deskhealth.KnownUnit, desk string, r provision.Rule) (warnings []string) {
	if units == nil {
		return nil
	}
	for _, k := range known {
		names := map[provision.UnitKind][]string{provision.UnitTeam: r.Teams, provision.UnitMailbox: r.Mailboxes, provision.UnitRole: r.DeskRoles}[k.Kind]
		switch {
		case !provision.ContainsFold(names, k.Name):
		case k.Replaced():
			warnings = append(warnings, fmt.Sprintf("rule on %s: the %s %q of desk %s is gone, and another one has its name: nobody is put into that; if it is meant, `deskbridge desk check %s --accept`", provision.Plain(r.String()), k.Kind, k.Name, desk, desk))
		case k.Renamed() && provision.ContainsFold(units.Of(k.Kind), k.Shown):
			warnings = append(warnings, fmt.Sprintf("rule on %s: desk %s calls the %s %q %q now; the rule goes on to mean it, but write %q", provision.Plain(r.String()), desk, k.Kind, k.Name, k.Shown, k.Shown))
		}
	}
	return warnings
}

// ofUnits returns what desks have renamed, or replaced by another of the name.
func (s *Service) ofUnits(ctx context.Context, desks []DeskOverview) (out []Finding, _ error) {
	odd, err := s.health.OddUnits(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range desks {
		for _, u := range odd {
			if u.Desk != d.Desk.ID {
				continue
			}
			f := Finding{Code: FindingUnits, Desk: d.Desk.Name, At: &u.At}
			if u.Renamed() {
				f.Text = fmt.Sprintf("Desk %s calls the %s %q %q now. Rules that name %q go on to mean it.", d.Desk.Name, u.Kind, u.Name, u.Shown, u.Name)
				if u.Other != "" {
					f.Text += " Another one is called so now, and nobody is put into that."
				}
				f.Do = fmt.Sprintf("write %q in access.yaml, and apply", u.Shown)
			} else {
				f.Text = fmt.Sprintf("The %s %q of desk %s, which rules name, is gone, and another one has its name: nobody is put into that.", u.Kind, u.Name, d.Desk.Name)
				f.Do = fmt.Sprintf("if it is meant: `deskbridge desk check %s --accept`; if not, correct the rules", d.Desk.Name)
			}
			out = append(out, f)
		}
	}
	return out, nil
}
