package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/removal"
)

// Removal is what `connection remove` and `desk remove` print with --json.
type Removal struct {
	Kind     string   `json:"kind"` // connection, desk
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Removed  bool     `json:"removed"`  // decided: the name is free
	Finished bool     `json:"finished"` // nothing is left of it but the audit log
	Access   string   `json:"access"`   // "ends first", "stays"
	Accounts []Access `json:"accounts"` // with access now
	Rules    int      `json:"rules"`
	People   int      `json:"people,omitempty"`
	Groups   int      `json:"groups,omitempty"`
	Tokens   []string `json:"tokens,omitempty"`
	Sessions int      `json:"sessions,omitempty"`
	Logins   int      `json:"logins,omitempty"`
	Domains  []string `json:"domains,omitempty"`
	Hosted   bool     `json:"kept_here,omitempty"` // a desk that goes with all that is on it
}

// Access is how many people of a connection have access on a desk.
type Access struct {
	Connection string `json:"connection"`
	Desk       string `json:"desk"`
	People     int    `json:"people"`
}

// RemovalOf returns what a removal would end, for printing.
func RemovalOf(n *server.Names, kind, id, name string, keep bool, e removal.Ends) Removal {
	r := Removal{Kind: kind, ID: id, Name: name, Access: "ends first", Accounts: []Access{}, Rules: len(e.Rules), People: e.Counts.People, Groups: e.Groups, Tokens: e.Tokens,
		Sessions: e.Sessions, Logins: e.Logins, Domains: e.Domains, Hosted: e.Hosted}
	if keep {
		r.Access = "stays"
	}
	for _, a := range e.Access {
		r.Accounts = append(r.Accounts, Access{n.Connection(a.Connection), n.DeskName(a.Desk), a.People})
	}
	return r
}

// CarryOut asks whether what r says is meant, has remove decide it, which returns
// what is called so until it is gone, and says how far it is: gone reports whether
// nothing is left.
func (r *Removal) CarryOut(ctx context.Context, a *App, sys *server.System, confirm Confirm, remove func() (name string, _ error), gone func() bool) (Result, error) {
	out := Result{Data: r, Text: func(w io.Writer) error { r.Print(w); return nil }}
	if !confirm.Given(a) {
		r.Print(a.Stderr)
		out.Text = func(io.Writer) error { return nil }
	}
	if err := confirm.Ask(a, "This cannot be undone", r.Name); err != nil {
		return out, err
	}
	name, err := remove()
	if err != nil {
		return Result{}, err
	}
	if err := sys.Core.Removal.Finish(ctx); err != nil {
		a.Warn("it is not finished yet, the server goes on: " + Explain(err))
	}
	r.Removed, r.Finished = true, gone()
	out.Text = func(w io.Writer) error { r.Done(w, name); return nil }
	return out, nil
}

// Print says what would end, for people.
func (r Removal) Print(w io.Writer) {
	fmt.Fprintf(w, "Removing the %s %s:\n", r.Kind, r.Name)
	for _, a := range r.Accounts {
		what := "access ends there first, by the desk's policy (on_leave, hand_over)"
		switch {
		case r.Hosted:
			what = "ends with the desk"
		case r.Access == "stays":
			what = "what they have there stays, and nobody takes it away any more"
		}
		fmt.Fprintf(w, "  %s of %s with access on %s: %s\n", output.Count(a.People, "person", "people"), a.Connection, a.Desk, what)
	}
	if len(r.Accounts) == 0 {
		fmt.Fprintln(w, "  nobody has access by it")
	}
	if r.Hosted {
		fmt.Fprintln(w, "  the desk is kept here: its users, teams, mailboxes and conversations are deleted with it")
	}
	for _, part := range []struct {
		n         int
		one, many string
		then      string
	}{
		{r.Rules, "rule", "rules", "removed now"},
		{len(r.Tokens), "token", "tokens", "revoked now: " + strings.Join(r.Tokens, ", ")},
		{r.Sessions, "session", "sessions", "ended now"},
		{len(r.Domains), "domain", "domains", "free now: " + strings.Join(r.Domains, ", ")},
		{r.People, "person", "people", "deleted, once their access has ended"},
		{r.Groups, "group", "groups", "deleted"},
		{r.Logins, "login", "logins", "deleted"},
	} {
		if part.n > 0 {
			fmt.Fprintf(w, "  %s: %s\n", output.Count(part.n, part.one, part.many), part.then)
		}
	}
	fmt.Fprintln(w, "  the audit log keeps everything")
}

// Done says how far the removal is, for people. has says what still lists it.
func (r Removal) Done(w io.Writer, calledNow string) {
	switch {
	case r.Finished:
		fmt.Fprintf(w, "Removed. Nothing is left of the %s %s but the audit log.\n", r.Kind, r.Name)
	case r.Access == "stays":
		fmt.Fprintf(w, "Removed. What is left of the %s %s is being deleted by the server.\n", r.Kind, r.Name)
	default:
		fmt.Fprintf(w, "Removed: the name %s is free. Access is being ended by the server; until then it is called %s,\n"+
			"and `deskbridge status` shows who is still in. Should that not come to an end: `deskbridge %s remove %[2]s --keep-access`.\n", r.Name, calledNow, r.Kind)
	}
}
