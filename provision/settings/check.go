package settings

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Checks are what others know of settings: connectors of their desks, the
// sign-in edge of its protocols. A nil check passes everything.
type Checks struct {
	// Desk returns what a desk of d's kind can do, once d's settings are right
	// for that kind. It does no I/O.
	Desk func(d provision.Desk) (Abilities, error)
	// Look asks a desk what it has, and what it will have once it has the settings
	// of d; nil Units say that there is nothing to ask yet. It changes nothing.
	Look func(ctx context.Context, d provision.Desk) (*Units, error)
	// Fit returns a user as a desk would keep it. It does no I/O; false where d's
	// settings are wrong.
	Fit func(d provision.Desk, want provision.DeskUser) (provision.DeskUser, bool)
	// Rule returns what the connector of a desk knows to be wrong with a rule of it.
	// It does no I/O. Of a desk whose settings are wrong it says nothing.
	Rule func(d provision.Desk, r provision.Rule) []RuleProblem
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

// Abilities are the ways in which a desk can end access.
type Abilities struct {
	Deactivate, Delete, Anonymize bool
	ChangeRole                    bool
	Limited                       bool               // the desk has a word for the role limited
	ConversationsIn               provision.UnitKind // what it tells as the mailbox of a conversation: a mailbox, a team, or nothing
	KeepsSeat                     bool               // whoever leaves as the desk's settings say still takes a seat there
}

// RuleProblem is what is wrong with a rule, in words for an admin.
type RuleProblem struct {
	Detail  string
	Warning bool // the rule may stand; else it is refused
}

// Units are the teams and mailboxes of a desk and its own roles, by the desk's
// names, and what names in rules mean among them.
type Units struct {
	Teams, Mailboxes []string
	Roles            []DeskRole // by title
	Meant            []Meant
}

// DeskRole is a role of a desk's own.
type DeskRole struct {
	Title string
	Rank  provision.Role // what it amounts to
}

// Meant is what the name of a team or mailbox in rules means on a desk.
type Meant struct {
	Kind  provision.UnitKind
	Name  string // in rules
	Shown string // what the desk calls it now; "" when it is gone
}

func (m Meant) is(kind provision.UnitKind, name string) bool {
	return m.Kind == kind && provision.Fold(m.Name) == provision.Fold(name)
}

// CheckConnection returns an Invalid error with every mistake when conn cannot be
// the settings of a connection, and brings its domains into the form that is
// kept.
func (s *Service) CheckConnection(conn *provision.Connection) error {
	mistakes := []error{ValidateConnection(conn), s.checkSignIn(conn.SignIn)}
	if conn.JWT != nil {
		mistakes = append(mistakes, s.checkFetch("scim", "scim.jwt: jwks_url", conn.JWT.JWKSURL))
	}
	return provision.AllOf(mistakes...)
}

// checkSignIn returns why nobody could sign in with these settings: also where
// an address in them could never be fetched.
func (s *Service) checkSignIn(in provision.SignIn) error {
	mistakes := []error{in.Validate()}
	if s.checks.SignIn != nil {
		if err := s.checks.SignIn(in); err != nil {
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "sign_in", "%s", err))
		}
	}
	if in.Disabled { // nothing is fetched, and nothing must keep an admin from switching it off
		return provision.AllOf(mistakes...)
	}
	if in.SAML != nil && in.SAML.MetadataURL != "" {
		mistakes = append(mistakes, s.checkFetch("sign_in", "saml: metadata_url", in.SAML.MetadataURL))
	}
	if in.OIDC != nil && in.OIDC.Issuer != "" {
		mistakes = append(mistakes, s.checkFetch("sign_in", "oidc: issuer", in.OIDC.Issuer))
	}
	return provision.AllOf(mistakes...)
}

// checkFetch returns an Invalid error when what is called so could never be
// fetched.
func (s *Service) checkFetch(field, called, address string) error {
	if s.checks.Fetch == nil {
		return nil
	}
	if err := s.checks.Fetch(address); err != nil {
		return provision.Errorf(provision.Invalid, field, "%s: %s", called, err)
	}
	return nil
}

// CheckDesk returns an Invalid error with every mistake when d cannot be a desk's
// settings, or asks for what a desk of its kind cannot do. warnings are for an
// admin.
func (s *Service) CheckDesk(d provision.Desk) (warnings []string, _ error) {
	mistakes := []error{d.Validate()}
	for _, pattern := range d.AdoptIgnore {
		if strings.Trim(strings.TrimPrefix(pattern, "id:"), "* ") == "" || len(pattern) > 254 {
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "adopt_ignore", "%q names nobody; write an address, in which * stands for any text, or id: and the id of a desk user", provision.Clip(pattern)))
		}
	}
	if s.checks.Desk == nil {
		return nil, provision.AllOf(mistakes...)
	}
	can, err := s.checks.Desk(d)
	if err != nil {
		return nil, provision.AllOf(append(mistakes, ofDesk(d, err)...)...)
	}
	for leave, able := range map[provision.OnLeave]bool{provision.LeaveDelete: can.Delete, provision.LeaveAnonymize: can.Anonymize} {
		if d.OnLeave.Mentions(leave) && !able {
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "on_leave", "desk %s: a desk of kind %s cannot %s users; use deactivate", d.Name, d.Kind, leave))
		}
	}
	if len(d.HandOver.Mailboxes) > 0 && can.ConversationsIn == "" {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "hand_over.mailboxes", "desk %s: a desk of kind %s does not tell in which mailbox a conversation is, so hand_over cannot have rules by mailbox; take mailboxes out of it", d.Name, d.Kind))
	}
	if d.OnLeave.DowngradesTo(string(provision.RoleLimited)) && !(can.ChangeRole && can.Limited) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "on_leave", "desk %s: a desk of kind %s has no limited role that users could be changed to, by its settings; use downgrade or deactivate", d.Name, d.Kind))
	}
	if d.Approve.Asks(d.OnLeave) && !can.Deactivate && (leave.Course{}).Way(d.OnLeave).Without().Deactivate {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "approve", "desk %s: a desk of kind %s cannot deactivate users, so a leaver would be in until somebody approves; leave approve out", d.Name, d.Kind))
	}
	if !can.Deactivate && d.OnLeave.Mentions(provision.LeaveDeactivate) {
		think := ""
		if can.Delete {
			think = " and think of on_leave: delete"
		}
		warnings = append(warnings, fmt.Sprintf("desk %s: a desk of kind %s cannot deactivate users, so every leaver becomes a task for an admin; see docs/desks/%s", d.Name, d.Kind, think))
	}
	if do, acts := d.Idle.Acts(); acts {
		switch {
		case do == seating.Downgrade && !(can.Limited && can.ChangeRole):
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "idle", "desk %s: a desk of kind %s has no role limited that Deskbridge could give; use do: free or propose", d.Name, d.Kind))
		case d.Drift == provision.DriftOff:
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "idle", "desk %s: with drift: off nobody looks who is idle; use do: propose, or another drift", d.Name))
		}
		if do == seating.Downgrade && d.Price.Known() && d.Price.Monthly(false).Minus(d.Price.Monthly(true)).Zero() {
			warnings = append(warnings, fmt.Sprintf("desk %s: a downgrade saves nothing, as seat_price says; give limited, what a seat of role limited costs", d.Name))
		}
	}
	if can.KeepsSeat && can.Deactivate {
		warnings = append(warnings, fmt.Sprintf("desk %s: whoever leaves still takes a seat of a desk of kind %s, as on_leave is %s; see docs/desks/ for what frees it", d.Name, d.Kind, cmp.Or(d.OnLeave, provision.LeaveDeactivate)))
	}
	return warnings, provision.AllOf(mistakes...)
}

// ofDesk returns what a connector says is wrong with the settings of a desk, each
// mistake by itself.
func ofDesk(d provision.Desk, err error) (mistakes []error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			mistakes = append(mistakes, ofDesk(d, one)...)
		}
		return mistakes
	}
	if e, ok := errors.AsType[*provision.Error](err); ok {
		what := e.Detail
		if setting, ok := strings.CutPrefix(e.Field, "settings."); ok {
			what = setting + ": " + what
		}
		return []error{provision.Errorf(e.Code, e.Field, "desk %s: %s", d.Name, what)}
	}
	return []error{provision.Errorf(provision.Invalid, "settings", "desk %s: %s", d.Name, err)}
}

// Units asks a desk what teams and mailboxes it has; nil when there is nothing to
// ask. Nothing is locked while it is asked.
func (s *Service) Units(ctx context.Context, d provision.Desk) (*Units, error) {
	if s.checks.Look == nil {
		return nil, nil
	}
	units, err := s.checks.Look(ctx, d)
	if err != nil || units == nil {
		return nil, err
	}
	return units, s.Know(ctx, d, units)
}

// Know fills in what names in rules mean on a desk that has these units.
func (s *Service) Know(ctx context.Context, d provision.Desk, units *Units) (err error) {
	if d.ID != "" { // of one that is to be made nothing is known
		units.Meant, err = s.store.MeantUnits(ctx, d.ID)
	}
	return err
}

// CheckRules asks a desk whether it has the teams and mailboxes that rules
// name; what it lacks is an Invalid error. A desk that does not answer may come
// up later: that is a warning. Nothing is locked while it is asked.
func (s *Service) CheckRules(ctx context.Context, d provision.Desk, rules []provision.Rule) (warnings []string, _ error) {
	units, warnings := s.UnitsOf(ctx, d)
	var missing []string
	have, err := s.store.Rules(ctx, "")
	if err != nil {
		return nil, err
	}
	have = slices.DeleteFunc(have, func(r provision.Rule) bool { return r.Desk != d.ID })
	for _, r := range rules {
		more, err := s.CheckRule(d, r)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, more...)
		missing = append(missing, units.Missing(r)...)
		missing = append(missing, units.Mixed(r, slices.Concat(have, rules))...)
	}
	if len(missing) > 0 {
		return nil, provision.Errorf(provision.Invalid, "rules", "%s", strings.Join(missing, "\n"))
	}
	return warnings, nil
}

// CheckRule returns an Invalid error when the desk of a rule can never do what it
// says, as far as its connector knows without asking the desk. warnings are for an
// admin.
func (s *Service) CheckRule(d provision.Desk, r provision.Rule) (warnings []string, _ error) {
	if s.checks.Rule == nil {
		return nil, nil
	}
	var mistakes []error
	for _, p := range s.checks.Rule(d, r) {
		said := fmt.Sprintf("rule on %s: %s", provision.Plain(r.String()), p.Detail)
		if p.Warning {
			warnings = append(warnings, said)
		} else {
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "rules", "%s", said))
		}
	}
	return warnings, provision.AllOf(mistakes...)
}

// UnitsOf asks a desk what it has, or will have once it is made; nil when that
// cannot be known now, with a warning when the desk does not answer.
func (s *Service) UnitsOf(ctx context.Context, d provision.Desk) (_ *Units, warnings []string) {
	units, err := s.Units(ctx, d)
	if err != nil {
		return nil, []string{Detail(err) + "; teams and mailboxes of its rules are not checked"}
	}
	return units, nil
}

// Detail returns an error for people: one of the core is its detail.
func Detail(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
}
