package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

func connectionIDOf(n *server.Names, name string) (provision.ConnectionID, error) {
	for _, c := range n.Connections {
		if c.Name == name || string(c.ID) == name {
			return c.ID, nil
		}
	}
	return "", usageError{fmt.Errorf("there is no connection %q; `deskbridge connection list` shows them", name)}
}

func deskNamed(n *server.Names, name string) (provision.Desk, error) {
	for _, d := range n.Desks {
		if d.Name == name || string(d.ID) == name {
			return d, nil
		}
	}
	return provision.Desk{}, usageError{fmt.Errorf("there is no desk %q; `deskbridge desk list` shows them", name)}
}

func ruleLineOf(n *server.Names, r provision.Rule) ruleLine {
	return ruleLine{ID: string(r.ID), Connection: n.Connection(r.Connection), Group: r.Group, Bound: r.GroupID != "",
		Attribute: r.Attribute, Equals: r.Equals, Desk: n.DeskName(r.Desk), Role: string(r.Role), Teams: r.Teams, Mailboxes: r.Mailboxes}
}

// result is what a command has to say: data for programs, text for people.
type result struct {
	data any
	text func(w io.Writer) error
}

// say returns a result whose text is one line.
func say(data any, format string, args ...any) result {
	return result{data, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}}
}

// verb makes cmd do its work on an open system and print what came of it, as
// JSON with --json. What there is to print is printed even when do also
// returns an error.
func (a *app) verb(cmd *cobra.Command, do func(ctx context.Context, sys *server.System, args []string) (result, error)) *cobra.Command {
	asJSON := cmd.Flags().Bool("json", false, "print JSON for programs")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sys, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		defer sys.Close()
		sys.Cause = provision.Cause{Actor: server.Actor(), Action: cmd.CommandPath()}
		said, failed := do(cmd.Context(), sys, args)
		if err := sys.Core.Audit.SealOwn(cmd.Context()); err != nil { // no server need be running
			a.warn("the audit log is not sealed yet: " + explainError(err))
		}
		switch {
		case said.text == nil:
		case *asJSON:
			err = output.JSON(a.stdout, said.data)
		default:
			err = said.text(a.stdout)
		}
		return errors.Join(failed, err)
	}
	return cmd
}

// warn prints a warning, which does not stop a command; "" is none.
func (a *app) warn(text string) {
	if text != "" {
		fmt.Fprintf(a.stderr, "deskbridge: warning: %s\n", text)
	}
}

// tabled returns a result whose text is a table.
func tabled(data any, header string, rows [][]string) result {
	return result{data, func(w io.Writer) error { return output.Table(w, header, rows) }}
}
