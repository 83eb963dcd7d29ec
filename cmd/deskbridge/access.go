package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/spf13/cobra"
)

func (a *app) plan() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "plan -f access.yaml",
		Short: "Show what applying a file would change, and for whom; change nothing",
		Long: `Show what applying a file would change, and for whom. The plan's hash stands
below it: ` + "`deskbridge apply --plan HASH`" + ` carries out just that plan, or nothing.`,
		Example: "  deskbridge plan -f access.yaml",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	return a.verb(cmd, func(ctx context.Context, sys *system, _ []string) (result, error) {
		draft, err := a.draft(ctx, sys, path)
		if err != nil {
			return result{}, err
		}
		plan, err := sys.core.Plan.Plan(ctx, draft)
		if err != nil {
			return result{}, err
		}
		return result{plan, func(w io.Writer) error {
			printPlan(w, plan)
			if !plan.Empty() {
				fmt.Fprintf(w, "\nNothing is changed yet. To do just this:\n  deskbridge apply -f %s --plan %s\n", path, plan.Hash)
			}
			return nil
		}}, nil
	})
}

func (a *app) apply() *cobra.Command {
	var path, hash string
	cmd := &cobra.Command{
		Use:   "apply -f access.yaml",
		Short: "Make a file of connections, desks and rules true",
		Long: `Make a file of connections, desks and rules true, in one transaction. The rules
in the file replace all rules of the desks that it names. A connection or desk
that it names becomes what the file says: what the file leaves out goes back to
its default. Those that it does not name stay as they are.`,
		Example: "  deskbridge apply -f access.yaml\n  deskbridge apply -f access.yaml --plan 3f0c…",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - reads standard input")
	cmd.Flags().StringVar(&hash, "plan", "", "hash of the plan that was reviewed; anything else is refused")
	return a.verb(cmd, func(ctx context.Context, sys *system, _ []string) (result, error) {
		draft, err := a.draft(ctx, sys, path)
		if err != nil {
			return result{}, err
		}
		plan, err := sys.core.Plan.Apply(ctx, sys.cause, draft, hash)
		if err != nil {
			return result{}, err
		}
		if err := sys.openBuiltins(ctx, draft); err != nil {
			return result{}, err
		}
		return result{plan, func(w io.Writer) error {
			printPlan(w, plan)
			printNext(w, plan)
			return nil
		}}, nil
	})
}

// printNext says what an admin does after applying a plan.
func printNext(w io.Writer, plan plan.Plan) {
	if !plan.Empty() {
		fmt.Fprintln(w, "\nApplied. `deskbridge status` shows how far the desks are.")
	}
	for _, c := range plan.Changes {
		if c.Kind == "connection" && c.Action == "add" {
			fmt.Fprintf(w, "Connection %s has no token yet: `deskbridge token create %s NAME` makes one.\n", c.Name, c.Name)
		}
	}
}

// openBuiltins makes the built-in desks of a draft ready for use.
func (s *system) openBuiltins(ctx context.Context, draft plan.Draft) error {
	for _, named := range draft.Desks {
		d, err := s.core.Settings.Desk(ctx, named.Name)
		if err != nil {
			return err
		}
		if d.Kind == builtin.Kind {
			if err := s.builtin.Open(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// draft reads a file and checks everything that can be checked without
// changing anything: all mistakes at once.
func (a *app) draft(ctx context.Context, sys *system, path string) (plan.Draft, error) {
	if path == "" {
		return plan.Draft{}, usageError{errors.New("give the file with -f, e.g. -f access.yaml")}
	}
	access, err := a.readAccess(path)
	if err != nil {
		return plan.Draft{}, err
	}
	draft, err := draftOf(access, sys.settings)
	if err == nil {
		err = a.checkDraft(ctx, sys, draft)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return draft, err
}

func (a *app) readAccess(path string) (config.Access, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return config.Access{}, err
		}
		defer f.Close()
		in = f
	}
	access, err := config.ReadAccess(in, a.lookupEnv)
	if err != nil {
		return access, fmt.Errorf("%s: %w", path, err)
	}
	return access, nil
}

// draftOf turns what the file says into the core's words. All mistakes are
// returned at once.
func draftOf(access config.Access, settings config.Server) (d plan.Draft, _ error) {
	var mistakes []error
	for i, c := range access.Connections {
		conn := provision.Connection{Name: c.Name, IdP: provision.IdP(c.IdP), Domains: c.Domains}
		if conn.IdP == "" {
			conn.IdP = provision.IdPGeneric
		}
		var err error
		if conn.SignIn, err = signInOf(c); err == nil {
			err = client.CheckSettings(conn.SignIn, time.Now())
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("connections[%d]: %w", i+1, err))
		}
		if conn.JWT, err = jwtOf(c, settings); err != nil {
			mistakes = append(mistakes, fmt.Errorf("connections[%d]: %w", i+1, err))
		}
		d.Connections = append(d.Connections, conn)
	}
	for _, k := range access.Desks {
		kind := k.Kind
		if kind == "" {
			mistakes = append(mistakes, fmt.Errorf("desk %q: kind is missing", k.Name))
		}
		d.Desks = append(d.Desks, provision.Desk{Name: k.Name, Kind: provision.DeskKind(kind), URL: strings.TrimRight(k.URL, "/"), Secret: k.Secret,
			Settings: k.Settings, OnLeave: provision.OnLeave(k.OnLeave), Seats: k.Seats, Adoption: provision.Adoption(k.Adoption),
			Drift: provision.DriftPolicy(k.Drift), Rate: k.Rate, SignIn: deskSignInOf(k.Name, k.SignIn),
			HandOver: provision.HandOver{Agent: k.HandOver.Agent, To: provision.HandOverTo(k.HandOver.To)}})
	}
	for _, c := range access.Connections {
		rules, err := jitRules(c, access.Rules)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("connection %q: %w", c.Name, err))
		}
		d.Rules = append(d.Rules, rules...)
	}
	for i, r := range access.Rules {
		role, err := provision.ParseRole(r.Role)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("rules[%d]: %s", i+1, explainError(err)))
		}
		d.Rules = append(d.Rules, provision.Rule{Connection: provision.ConnectionID(r.Connection), Desk: provision.DeskID(r.Desk),
			Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: role, Teams: r.Teams, Mailboxes: r.Mailboxes})
	}
	return d, errors.Join(mistakes...)
}

// checkDraft tries what the desks of a draft are asked to do. A desk that does
// not answer is told of, and is no mistake: it may come up later.
func (a *app) checkDraft(ctx context.Context, sys *system, draft plan.Draft) error {
	var mistakes []error
	for _, d := range draft.Desks {
		connector, err := sys.checkDesk(d)
		if err != nil {
			mistakes = append(mistakes, errors.New(explainError(err)))
			continue
		}
		a.warn(leaveWarning(d, connector.Capabilities()))
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	byDesk := make(map[string][]provision.Rule)
	for _, r := range draft.Rules {
		byDesk[string(r.Desk)] = append(byDesk[string(r.Desk)], r)
	}
	for name, rules := range byDesk {
		d, err := deskOf(ctx, sys, draft, name)
		if err != nil {
			continue // the core says which desk is missing
		}
		if err := a.checkRules(ctx, sys, d, rules); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return errors.Join(mistakes...)
}

func deskOf(ctx context.Context, sys *system, draft plan.Draft, name string) (provision.Desk, error) {
	known, err := sys.core.Settings.Desk(ctx, name)
	for _, d := range draft.Desks {
		if d.Name == name {
			d.ID = known.ID
			return d, nil
		}
	}
	return known, err
}

// checkRules asks a desk whether it has the teams and mailboxes of rules.
func (a *app) checkRules(ctx context.Context, sys *system, d provision.Desk, rules []provision.Rule) error {
	connector, err := sys.checkDesk(d)
	if err != nil {
		return err
	}
	if d.ID == "" && d.Kind == builtin.Kind {
		return nil // it is made when the file is applied, with what its settings name
	}
	profile, err := connector.Check(ctx)
	if err != nil {
		a.warn(fmt.Sprintf("%v; teams and mailboxes of its rules are not checked", deskError(d, err)))
		return nil
	}
	var mistakes []error
	for _, r := range rules {
		for _, p := range unknownNames(r, profile) {
			mistakes = append(mistakes, errors.New(p))
		}
	}
	return errors.Join(mistakes...)
}

func printPlan(w io.Writer, p plan.Plan) {
	if p.Empty() {
		fmt.Fprintln(w, "Nothing would change.")
		return
	}
	signs := map[string]string{"add": "+", "change": "~", "remove": "-"}
	for _, c := range p.Changes {
		fmt.Fprintf(w, "%s %s %s", signs[c.Action], c.Kind, c.Name)
		if len(c.Fields) > 0 {
			fmt.Fprintf(w, " (%s)", list(c.Fields))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n%d people would have other access:\n", len(p.People))
	for _, c := range p.People {
		fmt.Fprintf(w, "  %s on %s: %s → %s\n", c.UserName, c.Desk, accessWords(c.Before), accessWords(c.After))
	}
	fmt.Fprintf(w, "\nPlan %s\n", p.Hash)
}

// accessWords says what an access is.
func accessWords(a provision.Access) string {
	switch {
	case a.Status == provision.AccessSuspended:
		return "suspended"
	case a.Status != provision.AccessActive:
		return "no access"
	}
	return strings.TrimPrefix(grantWords(a.Role, a.Teams, a.Mailboxes), "role ")
}
