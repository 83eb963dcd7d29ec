package desk

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/seat"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// Shown is a desk in `desk show --json`.
type Shown struct {
	Line
	Secret    string        `json:"secret,omitempty"`           // "(set)"
	SignInSet any           `json:"sign_in_settings,omitempty"` // every setting; secrets are only told of
	CreatedAt output.Moment `json:"created_at"`
	Rules     int           `json:"rules"`
	Removal   string        `json:"removal,omitempty"`
	SeatUse   *seat.Line    `json:"seat_use,omitempty"`
	Apps      []App         `json:"apps,omitempty"` // of a built-in desk
}

func showCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show all settings of a desk, and what to enter there; of secrets only that they are set",
		Example: "  deskbridge desk show support\n  deskbridge desk show support --json",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		out, err := shownOf(ctx, sys, d)
		return command.Result{Data: out, Text: out.print}, err
	})
}

func shownOf(ctx context.Context, sys *server.System, d provision.Desk) (out Shown, err error) {
	out = Shown{Line: lineOf(d), CreatedAt: output.Moment{At: &d.CreatedAt}, Removal: string(d.Removal)}
	if d.Secret != "" {
		out.Secret = "(set)"
	}
	if out.Line.SignIn, err = server.DeskSignInURLsOf(ctx, sys, d, ""); err != nil {
		return out, err
	}
	if out.SignInSet, err = output.Settings(d.SignIn); err != nil {
		return out, err
	}
	uses, err := sys.Core.Seats.Uses(ctx)
	if err != nil {
		return out, err
	}
	for _, u := range uses {
		if u.Desk.ID == d.ID {
			out.SeatUse = new(seat.LineOf(u))
		}
	}
	rules, err := sys.Core.Settings.Rules(ctx, "")
	for _, r := range rules {
		if r.Desk == d.ID {
			out.Rules++
		}
	}
	if err != nil || d.Kind != builtin.Kind {
		return out, err
	}
	out.APIURL = sys.Settings.PublicURL + apiPath
	out.Apps, err = appsOf(ctx, sys, d)
	return out, err
}

func (s Shown) print(w io.Writer) error {
	state := ""
	if s.Removal != "" {
		state = " · being removed (" + s.Removal + ")"
	}
	fmt.Fprintf(w, "%s · %s · since %s%s\n  id %s\n\n", s.Name, s.Kind, s.CreatedAt, state, s.ID)
	settings := map[string]any{"on_leave": s.OnLeave, "hand_over": s.HandOver, "adoption": s.Adoption, "drift": s.Drift}
	for key, value := range s.Settings {
		settings["settings."+key] = value
	}
	for key, value := range map[string]string{"approve": s.Approve, "seat_price": s.Price, "idle": s.Idle, "url": s.URL, "secret": s.Secret, "api_url": s.APIURL} {
		if value != "" {
			settings[key] = value
		}
	}
	if len(s.AdoptIgnore) > 0 {
		settings["adopt_ignore"] = s.AdoptIgnore
	}
	for field, keep := range s.Profile {
		settings["profile."+field] = keep
	}
	if s.Seats > 0 {
		settings["seats"] = s.Seats
	}
	if s.Rate > 0 {
		settings["rate"] = s.Rate
	}
	if fields, ok := s.SignInSet.(map[string]any); ok && len(fields) > 0 {
		settings["sign_in"] = fields
	}
	if err := output.PrintSettings(w, settings); err != nil {
		return err
	}
	if u := s.SeatUse; u != nil {
		of := ""
		if u.Free != nil {
			of = fmt.Sprintf(" of %d, %d free", u.Limit, *u.Free)
		}
		fmt.Fprintf(w, "\nseats taken: %d%s, counted by %s\n", u.Used, of, u.Counted())
	}
	fmt.Fprintf(w, "\n%s; `deskbridge rule list` shows them\n", output.Count(s.Rules, "rule", "rules"))
	if err := printApps(w, s.Apps); err != nil {
		return err
	}
	printSignIn(w, s.Line.SignIn)
	return nil
}
