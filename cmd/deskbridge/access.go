package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

func planCommand(a *app) *cobra.Command {
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
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		draft, err := a.draft(path)
		if err != nil {
			return result{}, err
		}
		plan, err := sys.Core.Plan.Plan(ctx, draft)
		if plan, err = a.told(plan, path, err); err != nil {
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

func applyCommand(a *app) *cobra.Command {
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
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		draft, err := a.draft(path)
		if err != nil {
			return result{}, err
		}
		plan, err := sys.Core.Plan.Apply(ctx, sys.Cause, draft, hash)
		if plan, err = a.told(plan, path, err); err != nil {
			return result{}, err
		}
		if err := openBuiltins(ctx, sys, draft); err != nil {
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
func openBuiltins(ctx context.Context, s *server.System, draft plan.Draft) error {
	for _, named := range draft.Desks {
		d, err := s.Core.Settings.Desk(ctx, named.Name)
		if err != nil {
			return err
		}
		if d.Kind == builtin.Kind {
			if err := s.Builtin.Open(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// draft reads a file.
func (a *app) draft(path string) (plan.Draft, error) {
	if path == "" {
		return plan.Draft{}, usageError{errors.New("give the file with -f, e.g. -f access.yaml")}
	}
	access, err := a.readAccess(path)
	if err != nil {
		return plan.Draft{}, err
	}
	draft, err := draftOf(access)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return draft, err
}

// told returns a plan, after warning of what it warns of; an error of the core
// is told with the file that it is about.
func (a *app) told(p plan.Plan, path string, err error) (plan.Plan, error) {
	for _, w := range p.Warnings {
		a.warn(w)
	}
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Invalid {
		return p, fmt.Errorf("%s: %s", path, e.Detail)
	}
	return p, err
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

// draftOf turns what access.yaml says into the core's words, and checks
// nothing: that is the core's, for every door. What cannot be said in those
// words is returned at once.
func draftOf(access config.Access) (d plan.Draft, _ error) {
	var mistakes []error
	for i, c := range access.Connections {
		conn := provision.Connection{Name: c.Name, IdP: cmp.Or(provision.IdP(c.IdP), provision.IdPGeneric), Domains: c.Domains}
		var err error
		if conn.SignIn, err = signInOf(c); err != nil {
			mistakes = append(mistakes, fmt.Errorf("connections[%d]: %w", i+1, err))
		}
		if c.SCIM != nil && c.SCIM.JWT != nil {
			conn.JWT = new(provision.JWT(*c.SCIM.JWT))
		}
		if c.JIT != nil && c.JIT.Role != "" {
			role, err := provision.ParseRole(c.JIT.Role)
			if err != nil {
				mistakes = append(mistakes, fmt.Errorf("connections[%d]: jit: %s", i+1, explainError(err)))
			}
			if d.JITRoles == nil {
				d.JITRoles = make(map[string]provision.Role)
			}
			d.JITRoles[c.Name] = role
		}
		d.Connections = append(d.Connections, conn)
	}
	for _, k := range access.Desks {
		if k.Kind == "" {
			mistakes = append(mistakes, fmt.Errorf("desk %q: kind is missing", k.Name))
		}
		d.Desks = append(d.Desks, provision.Desk{Name: k.Name, Kind: provision.DeskKind(k.Kind), URL: strings.TrimRight(k.URL, "/"), Secret: k.Secret,
			Settings: k.Settings, OnLeave: provision.OnLeave(k.OnLeave), Seats: k.Seats, Adoption: provision.Adoption(k.Adoption),
			Drift: provision.DriftPolicy(k.Drift), Rate: k.Rate, SignIn: deskSignInOf(k.Name, k.SignIn),
			HandOver: provision.HandOver{Agent: k.HandOver.Agent, To: provision.HandOverTo(k.HandOver.To)}})
	}
	for i, r := range access.Rules {
		role, err := provision.ParseRole(r.Role)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("rules[%d]: %s", i+1, explainError(err)))
		}
		d.Rules = append(d.Rules, plan.DraftRule{Connection: r.Connection, Desk: r.Desk, Rule: provision.Rule{
			Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: role, Teams: r.Teams, Mailboxes: r.Mailboxes}})
	}
	return d, errors.Join(mistakes...)
}

// signInOf turns the sign-in settings of a connection into the core's words.
// A metadata file is read now: the server may run elsewhere.
func signInOf(c config.Connection) (s provision.SignIn, _ error) {
	s.Disabled, s.Match = c.SignInDisabled, provision.Match(c.Match)
	if c.JIT != nil {
		s.JIT = &provision.JIT{Create: c.JIT.Create == nil || *c.JIT.Create, Groups: c.JIT.Groups, NoGroups: provision.NoGroups(c.JIT.NoGroups)}
	}
	if c.SAML != nil {
		saml := *c.SAML
		if saml.MetadataFile != "" {
			text, err := os.ReadFile(saml.MetadataFile)
			if err != nil {
				return s, fmt.Errorf("saml: %w", err)
			}
			saml.Metadata = string(text)
		}
		var err error
		if s.SAML, err = json.Marshal(saml); err != nil {
			return s, err
		}
	}
	if c.OIDC != nil {
		var err error
		if s.OIDC, err = json.Marshal(c.OIDC); err != nil {
			return s, err
		}
	}
	return s, nil
}

// deskSignInOf turns what a file says of signing in to a desk into the core's
// words.
func deskSignInOf(desk string, in *config.DeskSignIn) (out provision.DeskSignIn) {
	if in == nil {
		return out
	}
	out.BeforeReady = in.BeforeReady
	for role, word := range in.Roles {
		if out.Roles == nil {
			out.Roles = make(map[provision.Role]string)
		}
		out.Roles[provision.Role(role)] = word
	}
	if s := in.SAML; s != nil {
		out.SAML = &provision.DeskSAML{EntityID: s.EntityID, ACSURL: s.ACSURL, NameID: provision.Field(s.NameID), Certificate: s.Certificate,
			SignResponse: s.SignResponse, RelayState: s.RelayState}
		if s.Attributes != nil {
			out.SAML.Attributes = make(map[provision.Field]string)
		}
		for field, name := range s.Attributes {
			out.SAML.Attributes[provision.Field(field)] = name
		}
	}
	if o := in.OIDC; o != nil {
		out.OIDC = &provision.DeskOIDC{ClientID: cmp.Or(o.ClientID, desk), ClientSecret: o.ClientSecret, Public: o.Public, RedirectURIs: o.RedirectURIs,
			PostLogoutRedirectURIs: o.PostLogoutRedirectURIs, BackchannelLogoutURL: o.BackchannelLogoutURL, LoginURL: o.LoginURL}
	}
	return out
}
