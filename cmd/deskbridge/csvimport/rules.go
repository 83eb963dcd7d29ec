package csvimport

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
)

func rulesCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules FILE",
		Short: "Add rules from CSV",
		Long: `Add rules from CSV, with the columns connection, desk, group or attribute and equals, role, teams, mailboxes, deskRoles
and until. Names of teams and the like stand between |. Each is checked as ` + "`deskbridge rule add`" + ` checks it, with the desk, before
anything is done, and with a mistake in the file nothing is; a rule that is there already stays. To take rules away, and to see before who gains and loses what, use ` + "`deskbridge plan`" + `; - reads standard input.`,
		Example: "  deskbridge import rules rules.csv --dry-run",
	}
	return importing(a, cmd, [2]string{"rule", "rules"}, func(ctx context.Context, sys *server.System, text []byte, dry bool, out *Imported, m *Mistakes, step func(rows, n int)) error {
		rows, mistakes := read(text, []string{"connection", "desk", "group", "attribute", "equals", "role", "teams", "mailboxes", "deskRoles", "until"}, []string{"connection", "desk", "role"})
		*m, out.Rows = mistakes, len(rows)
		have, err := sys.Core.Settings.Rules(ctx, "")
		if err != nil {
			return err
		}
		var wanted []wantedRule
		for _, r := range rows {
			rule, ok := ruleOf(ctx, sys, r, m)
			if !ok {
				continue
			}
			if err := rule.Validate(); err != nil {
				r.refused(m, err, ruleColumns)
				continue
			}
			is := func(h provision.Rule) bool { return same(h, rule) }
			there := slices.ContainsFunc(have, is) || slices.ContainsFunc(wanted, func(w wantedRule) bool { return is(w.rule) })
			wanted = append(wanted, wantedRule{r, rule, there})
		}
		return carryOut(ctx, wanted, ruleColumns, dry, out, m, step, func(ctx context.Context, w wantedRule) (what, error) {
			if w.there {
				return unchanged, nil
			}
			_, warnings, err := sys.Core.Settings.AddRule(ctx, sys.Cause, w.rule)
			if dry || !condition.Rehearsing(ctx) {
				for _, one := range warnings {
					a.Warn(one)
				}
			}
			return added, err
		})
	})
}

// ruleColumns are columns by what the core calls them.
var ruleColumns = map[string]string{"desk_roles": "deskRoles"}

// wantedRule is a rule as the file has it.
type wantedRule struct {
	row
	rule  provision.Rule
	there bool // already, or in a row before
}

// same reports whether two rules say the same.
func same(a, b provision.Rule) bool {
	until := a.Until == nil && b.Until == nil || a.Until != nil && b.Until != nil && a.Until.Equal(*b.Until)
	return until && a.Connection == b.Connection && a.Desk == b.Desk && provision.Fold(a.Group) == provision.Fold(b.Group) && provision.Fold(a.Attribute) == provision.Fold(b.Attribute) && a.Equals == b.Equals &&
		a.Role == b.Role && slices.Equal(a.Teams, b.Teams) && slices.Equal(a.Mailboxes, b.Mailboxes) && slices.Equal(a.DeskRoles, b.DeskRoles)
}

// ruleOf reads a row; ok is false when it has mistakes.
func ruleOf(ctx context.Context, sys *server.System, r row, m *Mistakes) (rule provision.Rule, ok bool) {
	before := len(m.List) + m.More
	rule = provision.Rule{Group: r.text("group"), Attribute: r.text("attribute"), Equals: r.text("equals"),
		Teams: several(r.cells["teams"].text), Mailboxes: several(r.cells["mailboxes"].text), DeskRoles: several(r.cells["deskRoles"].text)}
	if conn, err := command.Connection(ctx, sys, r.text("connection")); err != nil {
		r.wrong(m, "connection", "%s", command.Explain(err))
	} else {
		rule.Connection = conn.ID
	}
	if desk, err := command.Desk(ctx, sys, r.text("desk")); err != nil {
		r.wrong(m, "desk", "%s", command.Explain(err))
	} else {
		rule.Desk = desk.ID
	}
	var err error
	if rule.Role, err = provision.ParseRole(r.text("role")); err != nil {
		r.wrong(m, "role", "%s", command.Explain(err))
	}
	if text := r.text("until"); text != "" {
		end, err := provision.ParseUntil("until", text)
		if err != nil {
			r.wrong(m, "until", "%s", command.Explain(err))
		}
		rule.Until = &end
	}
	rule.Sort()
	return rule, len(m.List)+m.More == before
}
