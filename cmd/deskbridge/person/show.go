package person

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// Shown is a person in `person show --json`: what explain says, and how they
// sign in.
type Shown struct {
	explain.Person
	Logins   []Login   `json:"logins"`
	Sessions []Session `json:"sessions"`
}

// Login is what a protocol knows somebody by.
type Login struct {
	Protocol string        `json:"protocol"`
	Issuer   string        `json:"issuer"`
	Subject  string        `json:"subject"`
	FoundBy  string        `json:"found_by,omitempty"`
	UsedAt   output.Moment `json:"used_at"`
}

// Session is a browser that is signed in.
type Session struct {
	ID        string        `json:"id"`
	Protocol  string        `json:"protocol"`
	Agent     string        `json:"agent,omitempty"`
	CreatedAt output.Moment `json:"created_at"`
	SeenAt    output.Moment `json:"seen_at"`
	EndsAt    output.Moment `json:"ends_at"`
}

func showCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show USER",
		Short:   "Show a person: groups, access on each desk and why, logins, sessions",
		Long:    "Show a person: groups, access on each desk and why, logins, sessions. USER is a userName, e-mail address, externalId or id.",
		Example: "  deskbridge person show ada@acme.example",
		Args:    cobra.ExactArgs(1),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		person, err := command.FindPerson(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		out := Shown{Logins: []Login{}, Sessions: []Session{}}
		if out.Person, err = explain.Of(ctx, sys, person); err != nil {
			return command.Result{}, err
		}
		presence, err := sys.Core.Report.Presence(ctx, person.ID)
		if err != nil {
			return command.Result{}, err
		}
		for _, l := range presence.Logins {
			out.Logins = append(out.Logins, Login{string(l.Protocol), l.Issuer, l.Name(), string(l.FoundBy), output.Moment{At: &l.UsedAt}})
		}
		for _, s := range presence.Sessions {
			out.Sessions = append(out.Sessions, Session{string(s.ID), string(s.Protocol), s.Agent, output.Moment{At: &s.CreatedAt}, output.Moment{At: &s.SeenAt}, output.Moment{At: &s.EndsAt}})
		}
		return command.Result{Data: out, Text: out.print}, nil
	})
}

func (s Shown) print(w io.Writer) error {
	s.Person.Print(w)
	fmt.Fprintf(w, "\n  id %s", s.ID)
	if s.ExternalID != "" {
		fmt.Fprintf(w, ", externalId %s", output.Plain(s.ExternalID))
	}
	fmt.Fprintln(w)
	for _, l := range s.Logins {
		fmt.Fprintf(w, "  signs in by %s as %s at %s, last on %s\n", l.Protocol, output.Plain(l.Subject), output.Plain(l.Issuer), l.UsedAt)
	}
	for _, l := range s.Sessions {
		fmt.Fprintf(w, "  signed in since %s, seen %s, ends %s (%s, session %s)\n", l.CreatedAt, l.SeenAt, l.EndsAt, l.Protocol, l.ID)
	}
	if len(s.Logins)+len(s.Sessions) == 0 {
		fmt.Fprintln(w, "  has never signed in here")
	}
	_, err := fmt.Fprintf(w, "\n`deskbridge person history %s` tells what has happened.\n", s.ID)
	return err
}
