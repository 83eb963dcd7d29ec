package forget

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/erasure"
)

// Report is `forget --json`.
type Report struct {
	ID        string         `json:"id"`
	Erased    bool           `json:"erased"`
	Obstacles []string       `json:"obstacles"` // what has to happen first
	Addresses int            `json:"addresses"`
	Traces    erasure.Traces `json:"traces"`
	Accounts  []Account      `json:"accounts"`
	known     erasure.Known  // before
}

// Account is one on a desk, which is forgotten with the person.
type Account struct {
	ID       string `json:"id"`
	Desk     string `json:"desk"`
	DeskUser string `json:"desk_user,omitempty"` // who may still be there, with what the desk knows
	Access   string `json:"access"`              // as the desk showed it last
}

// Command makes the command forget.
func Command(a *command.App) *cobra.Command {
	var dry, remove bool
	confirm := command.Confirm{Scripts: true}
	cmd := &cobra.Command{
		Use:   "forget USER",
		Short: "Erase what is known of somebody who is removed",
		Long: `Erase names, addresses, attributes, logins, sessions and accounts of somebody who
is removed and whose access has ended on every desk. What is kept is their id,
for the audit log, which names people by id. USER is an id, userName, externalId
or e-mail address. docs/security/privacy.md says what is erased, and what not:
backups, and what the desks and the identity provider themselves know.`,
		Example: "  deskbridge forget ada@example.com --dry-run\n  deskbridge forget ada@example.com",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be erased, and what stands in the way")
	cmd.Flags().BoolVar(&remove, "remove", false, "first remove somebody who is known by sign-in only, whom no identity provider will remove")
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		person, err := find(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		remove = remove && person.Status != provision.StatusRemoved
		if remove && !dry && person.SCIMManaged() {
			return command.Result{}, errDescribed
		}
		known, err := sys.Core.Erasure.Look(ctx, person.ID)
		if err != nil {
			return command.Result{}, err
		}
		if !dry && !known.Forgotten && (remove || len(known.Obstacles) == 0) {
			if err := confirm.Ask(a, "All that is known of "+output.Plain(args[0])+" is erased, and nothing brings it back", output.Plain(args[0])); err != nil {
				return command.Result{}, err
			}
			if remove {
				if err := removeSignInOnly(ctx, sys, person); err != nil {
					return command.Result{}, err
				}
				if known, err = sys.Core.Erasure.Look(ctx, person.ID); err != nil {
					return command.Result{}, err
				}
			}
			if len(known.Obstacles) == 0 {
				if known, err = sys.Core.Erasure.Forget(ctx, sys.Cause, person.ID); err != nil {
					return command.Result{}, err
				}
			}
		}
		r, err := reportOf(ctx, sys, known)
		if err != nil {
			return command.Result{}, err
		}
		r.Erased = !dry && len(known.Obstacles) == 0
		said := command.Result{Data: r, Text: r.print}
		if len(r.Obstacles) > 0 && !dry {
			return said, errors.New("nothing is erased yet")
		}
		return said, nil
	})
}

// find returns the one person whom text means.
func find(ctx context.Context, sys *server.System, text string) (person provision.Identity, _ error) {
	people, err := sys.Core.Directory.FindPeople(ctx, text)
	if err != nil {
		return person, err
	}
	if len(people) == 1 || string(people[0].ID) == text {
		return people[0], nil
	}
	return person, command.Several(people)
}

// errDescribed says why somebody is not removed here.
var errDescribed = provision.Errorf(provision.Denied, "user", "the identity provider describes this person; have it remove them, else it makes them again")

// removeSignInOnly removes somebody, unless SCIM has begun to describe them meanwhile.
func removeSignInOnly(ctx context.Context, sys *server.System, person provision.Identity) error {
	return sys.Core.Directory.RemoveIdentity(ctx, person.Connection, person.ID, sys.Cause, func(p provision.Identity) error {
		if p.SCIMManaged() {
			return errDescribed
		}
		return nil
	})
}

func reportOf(ctx context.Context, sys *server.System, known erasure.Known) (Report, error) {
	names, err := sys.LoadNames(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{ID: string(known.Person.ID), Obstacles: append([]string{}, known.Obstacles...), Accounts: []Account{}, Addresses: len(known.Person.Emails), Traces: known.Traces, known: known}
	for _, a := range known.Accounts {
		r.Accounts = append(r.Accounts, Account{ID: string(a.ID), Desk: names.DeskName(a.Desk), DeskUser: string(a.DeskUser), Access: string(a.Confirmed.Status)})
	}
	return r, nil
}

func (r Report) print(w io.Writer) error {
	if r.known.Forgotten {
		_, err := fmt.Fprintf(w, "%s is forgotten: only the id is known.\n", r.ID)
		return err
	}
	verb := "Would be erased"
	if r.Erased {
		verb = "Erased"
	}
	t := r.Traces
	fmt.Fprintf(w, "%s of %s:\n  name, addresses (%d), attributes and the resource of SCIM\n  logins %d, sessions %d, desk sessions %d\n  accounts %d, with names on the desks, journal %d, drifts %d, jobs %d\n",
		verb, r.ID, r.Addresses, t.Logins, t.Sessions, t.DeskSessions, len(r.Accounts), t.Journal, t.Drifts, t.Jobs)
	fmt.Fprintf(w, "Kept:\n  the id %s, and the audit log, which has ids only\n", r.ID)
	for _, a := range r.Accounts {
		if a.DeskUser != "" && a.Access != string(provision.AccessAbsent) {
			fmt.Fprintf(w, "  what desk %s itself knows of its user %s, whose access is ended: erase it there\n", a.Desk, output.Plain(a.DeskUser))
		}
	}
	fmt.Fprintln(w, "  what the identity provider knows, and backups of the database; see docs/security/privacy.md")
	for _, o := range r.Obstacles {
		fmt.Fprintf(w, "First: %s\n", output.Plain(o))
	}
	return nil
}
