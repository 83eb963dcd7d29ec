package seat

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Holder is somebody with a paid seat, in `seat idle --json`.
type Holder struct {
	Person  string        `json:"person"` // id
	Address string        `json:"address,omitempty"`
	Desk    string        `json:"desk"`
	State   string        `json:"state"` // idle, never, unknown; with --all also active, new, away
	Last    output.Moment `json:"last_seen"`
	By      string        `json:"seen_by,omitempty"` // desk or sign-in
	Since   output.Moment `json:"seat_since"`
	Why     string        `json:"why"`
	Except  string        `json:"except,omitempty"` // the group for which the policy leaves them alone
	Taken   string        `json:"taken,omitempty"`  // downgrade or free: the seat was taken, and the desk does not show it yet

	label string
}

func holderOf(h seat.Holder, desk string) Holder {
	out := Holder{Person: string(h.Person.ID), Address: h.Person.Profile.Email, Desk: desk, State: string(h.State), Last: output.Moment{At: h.Last}, By: string(h.By),
		Since: output.Moment{At: &h.Since}, Why: h.Why, Except: h.Except, label: output.Plain(plan.PersonOf(h.Person).String())}
	if m := h.Person.Terms.Idle.On(string(h.Account.Desk)); m != nil {
		out.Taken = string(m.Do)
	}
	return out
}

// after is the time of --days.
func after(days int) time.Duration { return time.Duration(days) * 24 * time.Hour }

func idleCommand(a *command.App) *cobra.Command {
	var desk string
	var n int
	var all bool
	cmd := &cobra.Command{Use: "idle", Short: "Show who has a paid seat on a desk and does not use it", Args: cobra.NoArgs,
		Long: `Show who has a paid seat on a desk and was not seen there for so many days: neither by
a sign-in through Deskbridge, nor by the desk, where it tells of the last sign-in
or activity. "never" is said where the desk says so, "unknown" where nobody can
tell: that is not idle. Whoever got the seat within that time, or is away, is not
idle either.`,
		Example: "  deskbridge seat idle --desk support\n  deskbridge seat idle --desk support --days 60 --all --json"}
	f := cmd.Flags()
	f.StringVar(&desk, "desk", "", "the desk")
	f.IntVar(&n, "days", 0, "how long somebody was not seen; default: as the policy of the desk says, else 60")
	f.BoolVar(&all, "all", false, "everybody with a paid seat")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		on, err := theDesk(ctx, sys, desk, n)
		if err != nil {
			return command.Result{}, err
		}
		page, err := sys.Core.Seats.Idle(ctx, on, seat.Question{After: after(n), Unused: !all})
		if err != nil {
			return command.Result{}, err
		}
		lines, rows, unknown := []Holder{}, [][]string(nil), page.Unknown
		for _, h := range page.Holders {
			l := holderOf(h, on.Name)
			note := l.Why
			if l.Except != "" {
				note += "; the policy leaves them alone: " + l.Except
			}
			if l.Taken != "" {
				note += "; " + l.Taken + " is on its way"
			}
			lines, rows = append(lines, l), append(rows, []string{l.label, l.State, seen(h, sys.Core.Now()), l.Since.String(), output.Plain(note)})
		}
		return command.Result{Data: map[string]any{"people": lines, "unknown": unknown}, Text: func(w io.Writer) error {
			if len(rows) == 0 {
				fmt.Fprintf(w, "Nobody is known to be idle on %s.\n", on.Name)
			} else if err := output.Table(w, "PERSON | STATE | LAST SEEN | SEAT SINCE | WHAT IS KNOWN", rows); err != nil {
				return err
			}
			if unknown > 0 && !all {
				fmt.Fprintf(w, "\nOf %s nobody can tell when they were last there; --all shows them.\n", output.Count(unknown, "other person", "other people"))
			}
			return nil
		}}, nil
	})
}

func seen(h seat.Holder, now time.Time) string {
	switch {
	case h.Last != nil:
		return days(int(now.Sub(*h.Last) / (24 * time.Hour)))
	case h.State == seat.Never:
		return "never"
	}
	return "not known"
}

// theDesk finds the desk of --desk; days must be a time.
func theDesk(ctx context.Context, sys *server.System, name string, days int) (provision.Desk, error) {
	if name == "" {
		return provision.Desk{}, command.Misuse("say on which desk: --desk NAME")
	}
	if days < 0 || days > 3650 {
		return provision.Desk{}, command.Misuse("--days is a number of days, up to 3650")
	}
	return command.Desk(ctx, sys, name)
}

func freeCommand(a *command.App) *cobra.Command {
	var desk string
	var n int
	var downgrade, anyway bool
	cmd := &cobra.Command{Use: "free USER", Short: "Free the seat of somebody idle, or give them role limited, until they come again", Args: cobra.ExactArgs(1),
		Long: `Free the seat of somebody who is idle on a desk: access ends there as a leaver's does,
or with --downgrade they get role limited and are in no team. Rules and identity provider
stay as they are. When they sign in to the desk through Deskbridge, or by seat
give-back, they have again what rules grant. Whoever is not known to be idle is
refused; --anyway takes your word for it. USER is a userName, e-mail address,
externalId or id.`,
		Example: "  deskbridge seat free ada@acme.example --desk support\n  deskbridge seat free ada@acme.example --desk support --downgrade"}
	f := cmd.Flags()
	f.StringVar(&desk, "desk", "", "the desk")
	f.IntVar(&n, "days", 0, "how long they must not have been seen; default: as the policy of the desk says, else 60")
	f.BoolVar(&downgrade, "downgrade", false, "give them role limited instead of no access")
	f.BoolVar(&anyway, "anyway", false, "also when nobody knows whether they are idle, or they are not")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		on, err := theDesk(ctx, sys, desk, n)
		if err != nil {
			return command.Result{}, err
		}
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		t := seat.Taking{Desk: on.ID, Person: person.ID, Do: seating.Free, After: after(n), Anyway: anyway}
		said := "has no access to %s from now on"
		if downgrade {
			t.Do, said = seating.Downgrade, "gets role limited on %s"
		}
		taken, err := sys.Core.Seats.Take(ctx, sys.Cause, t)
		if err != nil {
			return command.Result{}, err
		}
		if _, err := sys.Core.Seats.Propose(ctx, on); err != nil {
			return command.Result{}, err
		}
		out := holderOf(taken, on.Name)
		return command.Result{Data: out, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "%s "+said+", because they did not use their seat.\n", out.label, on.Name)
			_, err := fmt.Fprintf(w, "They get it back when they sign in to %s through Deskbridge, or by `deskbridge seat give-back %s --desk %s`.\n", on.Name, out.Person, on.Name)
			return err
		}}, nil
	})
}

func backCommand(a *command.App) *cobra.Command {
	var desk string
	cmd := &cobra.Command{Use: "give-back USER", Short: "Give back the seat of somebody who was idle: what rules grant counts again", Args: cobra.ExactArgs(1),
		Example: "  deskbridge seat give-back ada@acme.example --desk support"}
	cmd.Flags().StringVar(&desk, "desk", "", "the desk")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		on, err := theDesk(ctx, sys, desk, 0)
		if err != nil {
			return command.Result{}, err
		}
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		given, err := sys.Core.Seats.GiveBack(ctx, sys.Cause, person.ID, on.ID)
		if err == nil && !given {
			err = provision.Errorf(provision.Invalid, "person", "no seat of theirs on %s was taken because they were idle; `deskbridge explain %s` says what they have", on.Name, person.ID)
		}
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"person": person.ID, "desk": on.Name, "given_back": true}, "%s has again what rules grant on %s; `deskbridge explain %s` shows how far it is.",
			output.Plain(plan.PersonOf(person).String()), on.Name, person.ID), nil
	})
}
