package adoption

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
)

// Wave is what `adoption accept --json` prints.
type Wave struct {
	Wave    string `json:"wave,omitempty"` // its id; empty with --dry-run
	Desk    string `json:"desk"`
	DryRun  bool   `json:"dry_run"`
	Adopted int    `json:"adopted"` // with --dry-run: that would be
	Users   []Step `json:"users"`
}

// Step is one user of a wave.
type Step struct {
	User    string   `json:"user"`
	Address string   `json:"address"`
	Match   Match    `json:"match"`
	Changes []string `json:"changes"`           // on the desk, by what rules give the person
	Refused string   `json:"refused,omitempty"` // why the user is not adopted
}

func acceptCommand(a *command.App) *cobra.Command {
	var on, confidence string
	var users []string
	var limit int
	var dry bool
	cmd := &cobra.Command{
		Use:   "accept --desk NAME",
		Short: "Adopt desk users at once, as a wave that can be undone",
		Long: `Adopt desk users at once, as a wave that can be undone: those with a match that is exact, or with
--confidence strong also strong ones, and those that --user names. Each is read from the desk, and what
adopting would change there is printed; --dry-run does no more. Admins, weak matches, conflicts, and users whose
access would end because no rule gives the person the desk are adopted only when each is named: --user ID, or
--user ID=PERSON where several people may be meant. Losses of access are counted by mass-change protection as
any others are.`,
		Example: "  deskbridge adoption accept --desk support --confidence exact --limit 20 --dry-run\n  deskbridge adoption accept --desk support --user 17=ada@acme.example",
		Args:    cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&on, "desk", "", "the desk")
	f.StringVar(&confidence, "confidence", "", "exact, or strong for strong and exact ones")
	f.StringArrayVar(&users, "user", nil, "a desk user to adopt whatever the confidence, ID or ID=PERSON; may be repeated")
	f.IntVar(&limit, "limit", 20, "how many by confidence at most, up to 500")
	f.BoolVar(&dry, "dry-run", false, "only say what would be adopted, and what would change")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		d, err := needDesk(ctx, sys, on)
		if err != nil {
			return command.Result{}, err
		}
		sel := adoption.Selection{Confidence: adoption.Confidence(confidence), Limit: limit, Named: make(map[provision.DeskUserID]provision.IdentityID)}
		for _, text := range users {
			id, who, several := strings.Cut(text, "=")
			sel.Named[provision.DeskUserID(id)] = ""
			if several {
				person, err := command.FindPerson(ctx, sys, who)
				if err != nil {
					return command.Result{}, err
				}
				sel.Named[provision.DeskUserID(id)] = person.ID
			}
		}
		desk, err := reach(sys, d)
		if err != nil {
			return command.Result{}, err
		}
		steps, err := sys.Core.Adoption.Plan(ctx, d, sel, desk)
		if err != nil {
			return command.Result{}, server.DeskError(d, err)
		}
		out := Wave{Desk: d.Name, DryRun: dry, Users: []Step{}}
		var failed error
		if !dry && anyIn(steps) {
			var w adoption.Wave
			if w, failed = sys.Core.Adoption.Accept(ctx, sys.Cause, d, steps); w.Users > 0 {
				out.Wave = w.ID
			}
		}
		for i := range steps {
			step := &steps[i]
			out.Users = append(out.Users, Step{string(step.User.ID), step.User.Email, matchOf(&step.Match), append([]string{}, step.Changes...), step.Refused})
			if step.Refused == "" {
				out.Adopted++
			}
		}
		return command.Result{Data: out, Text: printed(out.words(d))}, failed
	})
}

func anyIn(steps []adoption.Step) bool {
	for i := range steps {
		if steps[i].Refused == "" {
			return true
		}
	}
	return false
}

func (w *Wave) words(d provision.Desk) (lines []string) {
	for _, u := range w.Users {
		lines = append(lines, output.Plain(fmt.Sprintf("%s  %s  is %s: %s", u.User, u.Address, u.Match.label, u.Match.Why)))
		switch {
		case u.Refused != "":
			lines = append(lines, output.Plain("    not adopted: "+u.Refused))
		case len(u.Changes) == 0:
			lines = append(lines, "    nothing changes there")
		default:
			lines = append(lines, output.Plain("    "+strings.Join(u.Changes, "; ")))
		}
	}
	n := output.Count(w.Adopted, "user", "users")
	switch {
	case w.DryRun:
		lines = append(lines, fmt.Sprintf("%s of desk %s would be adopted; nothing was changed.", n, d.Name))
	case w.Adopted == 0:
		lines = append(lines, fmt.Sprintf("No user of desk %s was adopted.", d.Name))
	default:
		lines = append(lines, fmt.Sprintf("%s of desk %s adopted as wave %s; `deskbridge adoption undo %s` gives them back.", n, d.Name, w.Wave, w.Wave))
	}
	return lines
}

// WaveLine is a wave in `adoption waves --json`.
type WaveLine struct {
	Wave   string        `json:"wave"`
	Desk   string        `json:"desk"`
	At     output.Moment `json:"at"`
	By     string        `json:"by"`
	Users  int           `json:"users"`
	Undone int           `json:"undone"` // of those, the ones that were given back
}

// shownWaves is how many waves are listed.
const shownWaves = 1000

func wavesCommand(a *command.App) *cobra.Command {
	var on string
	list := &cobra.Command{Use: "list", Short: "List waves of adoption, the newest first", Example: "  deskbridge adoption wave list --desk support", Args: cobra.NoArgs}
	list.Flags().StringVar(&on, "desk", "", "only waves of this desk")
	return command.Group("wave", "List waves of adoption", a.Verb(list, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		_, desk, err := command.Narrowed(ctx, sys, "", on)
		if err != nil {
			return command.Result{}, err
		}
		names, err := sys.LoadNames(ctx)
		if err != nil {
			return command.Result{}, err
		}
		waves, err := sys.Core.Adoption.Waves(ctx, desk, shownWaves)
		if err != nil {
			return command.Result{}, err
		}
		lines, rows := make([]WaveLine, len(waves)), make([][]string, len(waves))
		for i, w := range waves {
			l := WaveLine{w.ID, names.DeskName(w.Desk), output.Moment{At: &w.At}, w.By, w.Users, w.Undone}
			lines[i], rows[i] = l, []string{l.Wave, l.Desk, l.At.String(), l.By, fmt.Sprint(l.Users), fmt.Sprint(l.Undone)}
		}
		return command.Tabled(lines, "WAVE | DESK | WHEN | BY | USERS | GIVEN BACK", rows), nil
	}))
}

// Undone is what `adoption undo --json` prints.
type Undone struct {
	Wave      string      `json:"wave"`
	Desk      string      `json:"desk"`
	GivenBack int         `json:"given_back"` // with those of before
	Users     []GivenBack `json:"users"`      // that were not given back before
}

// GivenBack is one user of a wave that is undone.
type GivenBack struct {
	User    string   `json:"user"`
	Person  string   `json:"person"` // id
	Changed []string `json:"changed"`
	Refused string   `json:"refused,omitempty"` // why the user is as it is
}

func undoCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo WAVE",
		Short: "Give the users of a wave back as they were before it",
		Long: `Give the users of a wave back: each gets the role, teams, mailboxes and state that the desk showed just before
the wave, which is read back, and no account holds it any more. Names and addresses stay as they are. A user that
somebody has changed on the desk since is left as it is, and told of. Where the desk's adoption is automatic, the next
change of a person's access may adopt the user again.`,
		Example: "  deskbridge adoption undo 0198f0c2",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		waves, err := sys.Core.Adoption.Waves(ctx, "", shownWaves)
		if err != nil {
			return command.Result{}, err
		}
		w, err := command.ByID("wave", args[0], waves, func(w adoption.Wave) string { return w.ID })
		if err != nil {
			return command.Result{}, err
		}
		d, err := sys.Core.Settings.Desk(ctx, string(w.Desk))
		if err != nil {
			return command.Result{}, err
		}
		on, err := reach(sys, d)
		if err != nil {
			return command.Result{}, err
		}
		w, users, failed := sys.Core.Adoption.Undo(ctx, sys.Cause, w.ID, on)
		if failed != nil {
			failed = server.DeskError(d, failed)
		}
		out := Undone{Wave: w.ID, Desk: d.Name, GivenBack: w.Undone, Users: []GivenBack{}}
		var lines []string
		for _, u := range users {
			out.Users = append(out.Users, GivenBack{string(u.User), string(u.Identity), append([]string{}, u.Changed...), u.Refused})
			said := "given back"
			switch {
			case u.Refused != "":
				said = "not given back: " + u.Refused
			case len(u.Changed) > 0:
				said += ": " + strings.Join(u.Changed, "; ")
			}
			lines = append(lines, output.Plain(fmt.Sprintf("%s  %s", u.User, said)))
		}
		lines = append(lines, fmt.Sprintf("%d of %s of wave %s of desk %s are given back.", w.Undone, output.Count(w.Users, "user", "users"), w.ID, d.Name))
		if d.Adoption == provision.AdoptAutomatic {
			a.Warn("adoption of desk " + d.Name + " is automatic: the next change of a person's access may adopt the user again")
		}
		return command.Result{Data: out, Text: printed(lines)}, failed
	})
}
