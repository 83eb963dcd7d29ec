package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Checks are what others know of settings: connectors of their desks, the
// sign-in edge of its protocols. A nil check passes everything.
type Checks struct {
	// Desk returns what a desk of d's kind can do, once d's settings are right
	// for that kind. It does no I/O.
	Desk func(d provision.Desk) (Abilities, error)
	// Look asks a desk what it has; nil Units say that there is nothing to ask
	// yet.
	Look func(ctx context.Context, d provision.Desk) (*Units, error)
	// SignIn returns why nobody could sign in with these settings.
	SignIn func(s provision.SignIn) error
	// Standing returns what keeps the people of a connection from signing in, or
	// will soon, as far as that is known here. It asks nobody but the database.
	Standing func(ctx context.Context, c provision.Connection) []Warning
	// Fetch returns why a document at this address could never be fetched.
	Fetch func(address string) error
}

// Warning says what keeps people from signing in, or will.
type Warning struct {
	Text   string     // in plain words, as half a sentence
	EndsAt *time.Time // when it stops working; nil: it does not work now, or nobody knows
}

// SignInWarnings returns what keeps the people of a connection from signing in,
// or will soon. It asks nobody but the database.
func (s *Service) SignInWarnings(ctx context.Context, c provision.Connection) []Warning {
	if s.checks.Standing == nil {
		return nil
	}
	return s.checks.Standing(ctx, c)
}

// Abilities are the ways in which a kind of desk can end access.
type Abilities struct{ Deactivate, Delete, Anonymize bool }

// Units are the teams and mailboxes of a desk, by the desk's names.
type Units struct{ Teams, Mailboxes []string }

// CheckConnection returns an Invalid error when conn cannot be the settings of
// a connection, and brings its domains into the form that is kept.
func (s *Service) CheckConnection(conn *provision.Connection) error {
	if err := ValidateConnection(conn); err != nil {
		return err
	}
	if err := s.checkSignIn(conn.SignIn); err != nil {
		return err
	}
	if conn.JWT == nil || s.checks.Fetch == nil {
		return nil
	}
	if err := s.checks.Fetch(conn.JWT.JWKSURL); err != nil {
		return provision.Errorf(provision.Invalid, "scim", "scim.jwt: jwks_url: %s", err)
	}
	return nil
}

func (s *Service) checkSignIn(in provision.SignIn) error {
	if err := in.Validate(); err != nil || s.checks.SignIn == nil {
		return err
	}
	if err := s.checks.SignIn(in); err != nil {
		return provision.Errorf(provision.Invalid, "sign_in", "%s", err)
	}
	return nil
}

// CheckDesk returns an Invalid error when d cannot be a desk's settings, or
// asks for what a desk of its kind cannot do. warnings are for an admin.
func (s *Service) CheckDesk(d provision.Desk) (warnings []string, _ error) {
	if err := d.Validate(); err != nil || s.checks.Desk == nil {
		return nil, err
	}
	can, err := s.checks.Desk(d)
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return nil, provision.Errorf(e.Code, e.Field, "desk %s: %s", d.Name, e.Detail)
	}
	if err != nil {
		return nil, provision.Errorf(provision.Invalid, "settings", "desk %s: %s", d.Name, err)
	}
	for leave, able := range map[provision.OnLeave]bool{provision.LeaveDelete: can.Delete, provision.LeaveAnonymize: can.Anonymize} {
		if d.OnLeave == leave && !able {
			return nil, provision.Errorf(provision.Invalid, "on_leave", "desk %s: a desk of kind %s cannot %s users; use deactivate", d.Name, d.Kind, leave)
		}
	}
	if !can.Deactivate && (d.OnLeave == "" || d.OnLeave == provision.LeaveDeactivate) {
		warnings = append(warnings, fmt.Sprintf("desk %s: a desk of kind %s cannot deactivate users, so every leaver becomes a task for an admin; see docs/desks/ and think of on_leave: delete", d.Name, d.Kind))
	}
	return warnings, nil
}

// CheckRules asks a desk whether it has the teams and mailboxes that rules
// name; what it lacks is an Invalid error. A desk that does not answer may come
// up later: that is a warning. Nothing is locked while it is asked.
func (s *Service) CheckRules(ctx context.Context, d provision.Desk, rules []provision.Rule) (warnings []string, _ error) {
	if s.checks.Look == nil {
		return nil, nil
	}
	units, err := s.checks.Look(ctx, d)
	if err != nil {
		return []string{fmt.Sprintf("%s; teams and mailboxes of its rules are not checked", detail(err))}, nil
	}
	if units == nil {
		return nil, nil
	}
	var missing []string
	for _, r := range rules {
		missing = append(missing, units.Missing(r)...)
	}
	if len(missing) > 0 {
		return nil, provision.Errorf(provision.Invalid, "rules", "%s", strings.Join(missing, "\n"))
	}
	return nil, nil
}

// Missing says what a rule names that is not there, a sentence each.
func (p *Units) Missing(r provision.Rule) (missing []string) {
	for _, kind := range []struct {
		what        string
		asked, have []string
	}{{"team", r.Teams, p.Teams}, {"mailbox", r.Mailboxes, p.Mailboxes}} {
		has := "-"
		if len(kind.have) > 0 {
			has = strings.Join(kind.have, ", ")
		}
		for _, name := range kind.asked {
			if !slices.ContainsFunc(kind.have, func(have string) bool { return provision.Fold(have) == provision.Fold(name) }) {
				missing = append(missing, fmt.Sprintf("rule on %s: the desk has no %s %q; it has %s", r, kind.what, name, has))
			}
		}
	}
	return missing
}

// detail returns an error for people: one of the core is its detail.
func detail(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
}
